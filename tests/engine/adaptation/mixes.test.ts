import type { Mix } from '../../../src/engine/contract';
import { nothingTunable, ownTuning, tunable, tuningFor } from '../../../src/engine/adaptation';
import { sharesFor } from '../../../src/engine/adaptation/ends';
import type { NetworkEntry } from '../../../src/engine/network/registry';

// What a network with ends is mixed by, in numbers.

const entry = (ends: NetworkEntry['ends']) => ({ kind: 'sr', ends }) as NetworkEntry;

test.each<[NetworkEntry['ends'], Mix, readonly number[]]>([
  [{ faithful: { model: 'f' }, crisp: { model: 'c' } }, { detail: 20, noise: 0, blur: 0 }, [0.6, 0, 0, 0, 0]],
  [{ faithful: { model: 'f' }, crisp: { model: 'c' } }, { detail: 50, noise: 0, blur: 0 }, [0, 0, 0, 0, 0]],
  [{ faithful: { model: 'f' }, crisp: { model: 'c' } }, { detail: 80, noise: 0, blur: 0 }, [0, 0.6, 0, 0, 0]],
  [{ crisp: { model: 'c' } }, { detail: 0, noise: 0, blur: 0 }, [0, 0, 0, 0, 0]],
  [{ crisp: { model: 'c' } }, { detail: 30, noise: 0, blur: 0 }, [0, 0.3, 0, 0, 0]],
  [{ faithful: { model: 'f' } }, { detail: 100, noise: 0, blur: 0 }, [0, 0, 0, 0, 0]],
  [{ faithful: { model: 'f' } }, { detail: 40, noise: 0, blur: 0 }, [0.6, 0, 0, 0, 0]],
  [undefined, { detail: 100, noise: 50, blur: 20 }, [0, 0, 0.5, 0.2, 0]],
  [undefined, { detail: 100, noise: 60, blur: 30, drawn: 30 }, [0, 0, 0.5, 0.25, 0.25]],
])('with ends %j, %j is so much of each', (own, mix, shares) => {
  const { faithful: f, crisp: c, clean, sharp, drawn } = sharesFor(entry(own), mix);
  [f, c, clean, sharp, drawn].forEach((share, i) => expect(share).toBeCloseTo(shares[i]!, 9));
});

describe('Detail, Noise and Blur by themselves', () => {
  const both = entry({
    faithful: { model: 'f', compression: [20, 60] },
    crisp: { model: 'c' },
    clean: { model: 'n', noise: [4, 12] },
  });

  test('a clean picture gets the network as it came', () => {
    expect(tuningFor(both, { noise: 1, compression: 5, blur: 0.4 })).toEqual(ownTuning(both));
    expect(ownTuning(both)).toEqual({ detail: 50, noise: 0, blur: 0 });
  });

  test('noise is cleaned, and what compression left is not sharpened', () => {
    expect(tuningFor(both, { noise: 8, compression: 0, blur: 0.4 })).toEqual({ detail: 50, noise: 50, blur: 0 });
    expect(tuningFor(both, { noise: 40, compression: 40, blur: 0.4 })).toEqual({ detail: 25, noise: 100, blur: 0 });
    expect(tuningFor(both, { noise: 0, compression: 90, blur: 0.4 })).toEqual({ detail: 0, noise: 0, blur: 0 });
  });

  test('a drawing is drawn by the weights for drawings, in proportion', () => {
    const drawing = entry({ drawn: { model: 'd', drawn: [0.5, 0.9] } });
    const share = (drawn?: number) => tuningFor(drawing, { noise: 0, compression: 0, blur: 0.4, drawn }).drawn;
    expect([share(), share(0.4), share(0.7), share(0.95)]).toEqual([0, 0, 50, 100]);
    expect(tuningFor(both, { noise: 0, compression: 0, blur: 0.4, drawn: 1 })).not.toHaveProperty('drawn');
  });

  test('blur is sharpened in proportion, not compression or noise, and a drawing has weights of its own', () => {
    const soft = entry({
      clean: { model: 'n', noise: [4, 12] },
      sharp: { model: 's', blur: [0.5, 0.7] },
      drawn: { model: 'd', drawn: [0.5, 0.9] },
    });
    const told = (blur: number, noise = 0, drawn = 0) => tuningFor(soft, { noise, compression: 0, blur, drawn });
    expect([0.3, 0.6, 0.9].map((blur) => told(blur).blur)).toEqual([0, 50, 100]);
    expect([4, 7, 10, 20].map((noise) => told(0.9, noise))).toMatchObject([
      { noise: 0, blur: 100 },
      { noise: 38, blur: 50 },
      { noise: 75, blur: 0 },
      { noise: 100, blur: 0 },
    ]);
    expect(told(0.9, 0, 1)).toMatchObject({ blur: 0, drawn: 100 });
    const compressed = (compression: number, jpeg: number | null = null) =>
      tuningFor(soft, { noise: 0, compression, jpeg, blur: 0.9 }).blur;
    expect([0, 15, 22.5, 30, 60].map((each) => compressed(each))).toEqual([100, 100, 50, 0, 0]);
    expect(compressed(2, 87)).toBe(0);
  });

  test('what has no end cannot be set', () => {
    expect(tunable(entry(undefined))).toEqual(nothingTunable);
    expect(nothingTunable).toEqual({ detail: false, noise: false, blur: false });
    for (const ends of [{ faithful: { model: 'f' } }, { crisp: { model: 'c' } }])
      expect(tunable(entry(ends))).toEqual({ ...nothingTunable, detail: true });
    expect(tunable(entry({ sharp: { model: 's' } }))).toEqual({ ...nothingTunable, blur: true });
    expect(tunable(entry({ clean: { model: 'n' } }))).toEqual({ ...nothingTunable, noise: true });
    expect(ownTuning(entry({ crisp: { model: 'c' } })).detail).toBe(0);
  });
});

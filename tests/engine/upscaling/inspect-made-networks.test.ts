import { LWayError } from '../../../src/engine/common/errors';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { inspectNetwork, type SaidOfNetwork } from '../../../src/engine/upscaling/inspect-network';
import { never } from '../raster/support';
import { madeNetwork, repeated, trimmed, type Made, type Plain } from './made-networks';

// Networks that take and give what no exporter would dream of: which sizes they are asked for, and what is made of it.

const cpu = cpuRuntime(1);
afterAll(() => cpu.dispose());

const known: SaidOfNetwork = { channels: 'RGB', range: [0, 1] };

async function inspect(
  answer: Made['answer'],
  { shape, said = known, signal = never }: { shape?: Made['shape']; said?: SaidOfNetwork; signal?: AbortSignal } = {},
) {
  const { bytes, runtime, counts } = madeNetwork(cpu.ort, { shape, answer });
  try {
    return { entry: await inspectNetwork(signal, bytes, runtime, 'made', said), counts };
  } finally {
    expect(counts.released).toBe(counts.sessions.length);
  }
}

const sidesOf = ({ dims }: Plain) => dims.slice(2) as [number, number];

/** Of one size: others are not tried. */
const small = [1, 3, 16, 24] as const;

/** A network that fails where a size does not suit it. */
const suited = (suits: (height: number, width: number) => boolean, scale = 1) => {
  const asked: string[] = [];
  const answer = (x: Plain) => {
    const [height, width] = sidesOf(x);
    asked.push(`${width}×${height}`);
    if (!suits(height, width)) throw new LWayError('internal', 'no such size', '');
    return { y: repeated(x, scale) };
  };
  return { asked, answer };
};

test.each([1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24])('sides that must be multiples of %i', async (multiple) => {
  const { answer } = suited((height, width) => height % multiple === 0 && width % multiple === 0);
  const { entry } = await inspect(answer);
  // A pixel may see as far as its multiple goes.
  expect(entry).toMatchObject({ scale: 1, multipleOf: multiple, input: known, receptiveField: multiple - 1 });
});

test.each([32, 48, 64])('sides that must be multiples of %i, one of whose pixels sees the middle', async (multiple) => {
  const { answer } = suited((height, width) => height % multiple === 0 && width % multiple === 0);
  const { entry } = await inspect((x) => {
    const data = answer(x).y.data.slice();
    const [height, width] = sidesOf(x);
    for (const more of [0, 1]) data[0]! += 0.01 * x.data[(height / 2 - more) * width + width / 2 - more]!;
    return { y: { ...x, data } };
  });
  expect(entry).toMatchObject({ scale: 1, multipleOf: multiple, receptiveField: null });
});

test('what lies just within the largest radius, multiples of its sides counted, is no end', async () => {
  const { answer } = suited((height, width) => height % 64 === 0 && width % 64 === 0);
  const { entry } = await inspect((x) => {
    const { data, dims } = answer(x).y;
    // Each pixel sees the one before it.
    return { y: { dims, data: data.map((value, i) => value + 0.01 * (data[i - 1] ?? 0)) } };
  });
  expect(entry).toMatchObject({ multipleOf: 64, receptiveField: 64 });
});

test('for each multiple that sides may have to be of, two sides are tried that suit none of the larger ones', async () => {
  const { asked, answer } = suited(() => false);
  await expect(inspect(answer)).rejects.toMatchObject({ code: 'bad-model' });
  const tried = asked.map((size) => size.split('×').map(Number) as [number, number]);
  const multiples = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 128];
  multiples.forEach((multiple, i) => {
    const suits = ([width, height]: [number, number], of: number) => width % of === 0 && height % of === 0;
    const own = tried.filter(
      (sides) => suits(sides, multiple) && !multiples.slice(i + 1).some((of) => suits(sides, of)),
    );
    expect(own.some(([width, height]) => width !== height)).toBe(true);
  });
  expect(tried).toHaveLength(multiples.length);
});

test('a network that exchanges width and height gives no picture', async () => {
  const turned = (x: Plain) => {
    const { data, dims } = repeated(x, 2);
    return { y: { data, dims: [1, 3, dims[3]!, dims[2]!] } };
  };
  await expect(inspect(turned, { shape: small })).rejects.toMatchObject({ code: 'bad-model' });
});

test('several pictures, five axes, and what grows in one direction only are no picture; the next answer is', async () => {
  const { entry } = await inspect((x) => {
    const { data, dims } = repeated(x, 2);
    const [, , tall, wide] = dims as [number, number, number, number];
    const [height, width] = sidesOf(x);
    const black = (...shape: number[]) => ({
      data: new Float32Array(shape.reduce((product, side) => product * side, 1)),
      dims: shape,
    });
    return {
      several: black(2, 3, tall, wide),
      five: black(1, 3, tall, wide, 1),
      wider: black(1, 3, height, 2 * width),
      smaller: black(1, 3, height - 1, width - 1),
      y: { data, dims },
    };
  });
  expect(entry).toMatchObject({ output: 'y', scale: 2 });
});

describe('a run that fails', () => {
  const failing = async (error: unknown, options: Parameters<typeof inspect>[1] = { shape: small }) => {
    let runs = 0;
    const inspected = inspect(() => {
      runs++;
      throw error;
    }, options);
    const refusal = await inspected.then(
      () => undefined,
      (reason: LWayError) => reason,
    );
    return { refusal, runs };
  };

  test.each<[string, unknown]>([
    [
      'an error of the runtime',
      new LWayError('internal', 'Failed', '', { cause: new Error('\n the reason\nmore of it') }),
    ],
    ['any other error', new Error('the reason\nmore of it')],
  ])('says that no size suits: %s', async (_, error) => {
    const { refusal, runs } = await failing(error);
    expect(refusal).toMatchObject({ code: 'bad-model' });
    expect(runs).toBe(1);
    expect(refusal!.message).toContain('(the reason)');
  });

  test('of a reason that is long its first 200 characters are enough; none is needed', async () => {
    const { refusal } = await failing(new Error(`${'a'.repeat(199)}bc`));
    expect(refusal!.message).toContain(`(${'a'.repeat(199)}b)`);
    expect((await failing('no error')).refusal).toMatchObject({ code: 'bad-model', message: /tried\.$/ });
  });

  test.each(['out-of-memory', 'device-lost', 'bad-output'] as const)(
    'for want of anything else is the answer: %s',
    async (code) => {
      const { refusal, runs } = await failing(new LWayError(code, 'x', ''), {});
      expect([refusal!.code, runs]).toEqual([code, 1]);
    },
  );

  test('because it was left alone says nothing of the network', async () => {
    const [abort, reason] = [new AbortController(), new Error('never mind')];
    const inspected = inspect(
      () => {
        abort.abort(reason);
        throw new LWayError('internal', 'Failed', '');
      },
      { signal: abort.signal },
    );
    await expect(inspected).rejects.toBe(reason);
  });
});

describe('a border', () => {
  test('is told, of any scale', async () => {
    for (const scale of [1, 2, 3])
      await expect(inspect((x) => ({ y: repeated(trimmed(x, 5), scale) }))).rejects.toMatchObject({ border: 5 });
  });

  test.each<[string, (x: Plain) => Plain]>([
    ['a border of that size only', (x) => trimmed(x, 1)],
    ['another scale than for larger pictures', (x) => repeated(trimmed(x, 1), 3)],
  ])('%s: the size does not suit', async (_, odd) => {
    const { entry } = await inspect((x) => ({ y: sidesOf(x)[1] === 37 ? odd(x) : repeated(trimmed(x, 0), 2) }));
    expect(entry).toMatchObject({ scale: 2, multipleOf: 2 });
  });

  test('wider for larger pictures: the size does not suit', async () => {
    const { entry } = await inspect((x) => {
      const [, width] = sidesOf(x);
      return { y: width === 37 ? trimmed(x, 1) : width === 39 ? trimmed(x, 2) : x };
    });
    expect(entry.multipleOf).toBe(2);
  });
});

test('pictures of one size are asked for in no other, and large ones not for the order of colours', async () => {
  for (const [width, height, most] of [
    [24, 16, 400],
    [264, 256, 20],
  ] as const) {
    const { asked, answer } = suited(() => true);
    const { entry, counts } = await inspect(answer, { shape: [1, 3, height, width], said: {} });
    expect(entry.input).toMatchObject({ channels: 'RGB', range: [0, 1], size: { width, height } });
    expect(new Set(asked)).toEqual(new Set([`${width}×${height}`]));
    expect(counts.runs).toBeLessThan(most);
    expect(counts.runs > 20).toBe(most > 20);
  }
});

test('the order of colours is asked for in pictures of a size that suits', async () => {
  const { asked, answer } = suited((height, width) => height % 7 === 0 && width % 7 === 0);
  const { entry } = await inspect(answer, { said: { range: [0, 1] } });
  expect(entry).toMatchObject({ multipleOf: 7, input: { channels: 'RGB' } });
  expect(asked).toContain('70×70');
});

/** The picture brighter by so much of its own brightness. */
function mixed(x: Plain, share: number) {
  const mean = x.data.reduce((sum, value) => sum + value, 0) / x.data.length;
  return { y: { ...x, data: x.data.map((value) => value + share * (mean - 0.5)) } };
}

test('what a pixel changes too little to be seen, but many together do not, is seen', async () => {
  expect((await inspect((x) => mixed(x, 0.01))).entry.receptiveField).toBeNull();
  expect((await inspect((x) => mixed(x, 1e-6))).entry.receptiveField).toBe(0);
});

test.each([
  ['left', 0, 0.4],
  ['right', 0.8, 0.4],
  ['above', 0.4, 0],
  ['below', 0.4, 0.8],
] as const)('what comes from far %s alone is seen', async (_, left, top) => {
  const { entry } = await inspect((x) => {
    const [height, width] = sidesOf(x);
    // All pixels are brighter by the mean of a fifth of the width and of the height.
    const [tall, wide] = [Math.ceil(0.2 * height), Math.ceil(0.2 * width)];
    const begin = Math.floor(top * height) * width + Math.floor(left * width);
    let sum = 0;
    for (let row = 0; row < 3 * tall; row++) {
      const at = begin + ((row % 3) * height + Math.floor(row / 3)) * width;
      for (let i = at; i < at + wide; i++) sum += x.data[i]!;
    }
    const more = 2e-4 * (sum / (3 * tall * wide) - 0.5);
    return { y: { ...x, data: x.data.map((value) => value + more) } };
  });
  expect(entry.receptiveField).toBeNull();
});

/** The sum of each pixel and all within `reach` in both directions. */
function sumsWithin({ data, dims }: Plain, reach: number): Float32Array {
  const [height, width] = dims.slice(2) as [number, number];
  const sums = (values: Float32Array, step: number, length: number) =>
    values.map((_, i) => {
      const at = Math.floor(i / step) % length;
      let sum = 0;
      for (let d = Math.max(-reach, -at); d <= Math.min(reach, length - 1 - at); d++) sum += values[i + d * step]!;
      return sum;
    });
  return sums(sums(data, 1, width), width, height);
}

/** Beside each pixel a little of all within `reach`: of one too little to count, of many not. */
function leaning(x: Plain, reach: number): Plain {
  const around = sumsWithin(x, reach);
  return { ...x, data: x.data.map((value, i) => value + 9e-6 * around[i]!) };
}

test.each([
  [5, 5],
  [10, 11],
])('of what lies within %i pixels together as much is seen as makes a difference: %i', async (reach, seen) => {
  expect((await inspect((x) => ({ y: leaning(x, reach) }))).entry.receptiveField).toBe(seen);
});

describe('a range', () => {
  /** What is said of a network that does one thing to values of 0..1, and another to those of 0..255. */
  const rangeOf = async (small: (x: Plain) => Float32Array, large: (x: Plain) => Float32Array) => {
    const answer = (x: Plain) => ({ y: { ...x, data: (x.data.some((value) => value > 2) ? large : small)(x) } });
    const said: SaidOfNetwork = { channels: 'RGB' };
    return (await inspect(answer, { shape: [1, 3, 24, 32], said })).entry.input.range;
  };
  const same = ({ data }: Plain) => data;
  const brighter = (values: Float32Array, by: number) => values.map((value) => value + by);
  /** Noise goes: the mean of a pixel and its neighbours. */
  const calm = (x: Plain) => {
    const counts = sumsWithin({ ...x, data: new Float32Array(x.data.length).fill(1) }, 1);
    return sumsWithin(x, 1).map((value, i) => value / counts[i]!);
  };

  test('in which the answer is no number is not that of the network', async () => {
    expect(await rangeOf(({ data }) => data.map(() => NaN), same)).toEqual([0, 255]);
    await expect(
      rangeOf(
        ({ data }) => data.map(() => NaN),
        ({ data }) => data.map(() => NaN),
      ),
    ).rejects.toMatchObject({ code: 'bad-model' });
  });

  test('in which a restoring network leaves the noise is not believed, however well it gives a clean picture back', async () => {
    expect(await rangeOf((x) => brighter(calm(x), 0.02), same)).toEqual([0, 1]);
    expect(await rangeOf(({ data }) => brighter(data, 0.02), calm)).toEqual([0, 255]);
  });

  test('must be clearly better than the usual one', async () => {
    const offBy = (error: number) => (x: Plain) => brighter(x.data, 255 * error);
    expect(await rangeOf(({ data }) => brighter(data, 0.05), offBy(0.038))).toEqual([0, 255]);
    expect(await rangeOf(({ data }) => brighter(data, 0.05), offBy(0.042))).toEqual([0, 1]);
  });
});

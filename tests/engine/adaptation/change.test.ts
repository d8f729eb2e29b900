import { changeOf } from '../../../src/engine/adaptation/change';
import { leftAlone, obstacleNotice, outcome } from '../../../src/engine/adaptation/messages';
import { float32, GraphBuilder, type TrainingReport } from '../../../src/engine/graph';

const step = (1 / 255) ** 2;
const nothing = { colours: false, edges: false, noise: false, compression: false };
const losses = (colours: number, edges: number) => ({ total: 1, colours, disagreement: colours + edges });

test('colours and edges are told apart, and what nobody sees is no gain', () => {
  expect(changeOf(losses(4 * step, 9 * step), losses(2 * step, 9 * step), [])).toEqual({ ...nothing, colours: true });
  expect(changeOf(losses(4 * step, 9 * step), losses(4 * step, 8 * step), [])).toEqual({ ...nothing, edges: true });
  expect(changeOf(losses(4 * step, 9 * step), losses(3.9 * step, 8.9 * step), [])).toEqual(nothing);
  expect(changeOf(losses(0.1 * step, 0.1 * step), losses(0, 0), [])).toEqual(nothing);
  // A network without a cycle has neither.
  expect(changeOf({ total: 1 }, { total: 0.5 }, [])).toEqual(nothing);
});

test('half a step of 8 bits is seen; what was not measured is nothing', () => {
  const colours = (steps: number) => changeOf(losses((steps / 255) ** 2, 0), losses(0, 0), []).colours;
  expect([colours(0.4985), colours(0.501)]).toEqual([false, true]);
  const change = (before: object, after: object) => changeOf({ total: 1, ...before }, { total: 1, ...after }, []);
  expect(change({}, losses(0, 0))).toEqual(nothing);
  expect(change({ disagreement: 0.5 }, { disagreement: 0.1 })).toEqual({ ...nothing, edges: true });
  expect(change({ colours: 0.5 }, {})).toEqual({ ...nothing, colours: true });
});

test('noise and compression are named where they were there to leave out', () => {
  const noise = (deviation: number, quality: number | null) => ({
    levels: [{ brightness: 0.5, deviations: new Float32Array(192).fill(deviation) }],
    quality,
    errors: new Float32Array(192),
  });
  const of = (deviation: number, quality: number | null) =>
    changeOf(losses(0, 0), losses(0, 0), [noise(deviation, quality)]);
  expect(of(0.02, null)).toEqual({ ...nothing, noise: true });
  expect(of(0.001, 60)).toEqual({ ...nothing, compression: true });
  expect(of(0.001, null)).toEqual(nothing);
});

test.each([
  [false, { colours: true, edges: true }, 'Matched in 8 steps: colours and edges are closer to your picture.'],
  [true, { edges: true }, 'Matched in 8 steps: edges and textures are closer to your pictures.'],
  [false, { noise: true }, 'Matched in 8 steps: a small change; its noise was not learned.'],
  [
    false,
    { colours: true, noise: true, compression: true },
    'Matched in 8 steps: colours are closer to your picture; its noise and compression were not learned.',
  ],
])('says what changed (%p, %p)', (several, change, sentence) => {
  expect(outcome(several, 8, { ...nothing, ...change }, false, false)).toBe(sentence);
});

test('says where it began, and why a picture was left alone', () => {
  expect(outcome(false, 8, { ...nothing, edges: true }, true, false)).toMatch(
    /^Matched in 8 steps from weights for clean pictures: /,
  );
  // Whoever stopped it does not read that learning was of no use.
  const [stopped, ended] = [true, false].map((each) => outcome(false, 0, nothing, true, each));
  expect(stopped).toMatch(/^Learning was stopped /);
  expect(ended).toMatch(/^Learning brought /);
  for (const reason of ['too-small', 'flat', 'noise', 'agrees'] as const) {
    expect(leftAlone(reason, false)).toMatch(/^Not matched: /);
  }
  expect(leftAlone('no-gain', true)).toBe('Matching did not improve these pictures.');
  expect(leftAlone('agrees', false, { noise: true, compression: false })).toBe(
    'Not matched: the result already agrees with your picture, apart from its noise, to within one step of brightness.',
  );
});

test('how much of a network cannot learn is counted in weights, and is at least one in a hundred', () => {
  const b = new GraphBuilder('network');
  const sizes = { one: 1, three: 3, many: 996 };
  const graph = b.build({ y: b.input('x', [1]) });
  const initializers = new Map(
    Object.entries(sizes).map(([name, size]) => [name, float32(new Float32Array(size), [1, size])]),
  );
  const said = (frozen: string[], trained: string[], ops = ['Softsign', 'Erf', 'Softsign']) => {
    const report = {
      trained,
      frozen: frozen.map((name) => ({ name, reason: '' })),
      obstacles: ops.map((op) => ({ op })),
    } as unknown as TrainingReport;
    return obstacleNotice(report, { ...graph, initializers });
  };
  expect(said(['three'], ['one'])).toMatch(/^75 % .* for Softsign, Erf:/);
  expect(said(['three'], ['one', 'many'])).toMatch(/^1 % /);
  // Ops without a gradient that no weight lies behind, and weights that were not to learn.
  expect(said([], ['one'])).toBeNull();
  expect(said(['one'], ['many'], [])).toBeNull();
});

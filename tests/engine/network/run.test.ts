import { runAll, runOnce, withNetwork } from '../../../src/engine/network/run';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import type { Runtime } from '../../../src/engine/runtime/runtime';
import { bytes, info, model, node as nodeOf } from '../graph/support/onnx-file';
import { never } from '../raster/support';

const cpu = cpuRuntime(1);
afterAll(() => cpu.dispose());

const node = (op: string, from: string, to: string) => Object.assign(nodeOf(op, [from], [to]), { name: to });
/** Two answers: the opposite, and what is left of it above zero. */
const network = bytes(
  model([node('Neg', 'x', 'opposite'), node('Relu', 'x', 'positive')], {
    input: [info('x', [1, 'n'])],
    output: [info('opposite', [1, 'n']), info('positive', [1, 'n'])],
  }),
);
const feed = (...values: number[]) => ({ x: { data: Float32Array.from(values), shape: [1, values.length] } });

/** A runtime that counts its sessions, open and in all. */
function counting() {
  const counts = { open: 0, all: 0 };
  const createSession: Runtime['createSession'] = async (model) => {
    const session = await cpu.createSession(model);
    counts.open++;
    counts.all++;
    const release = session.release.bind(session);
    return Object.assign(session, { release: () => (counts.open--, release()) });
  };
  return { counts, runtime: Object.assign(Object.create(cpu) as Runtime, { createSession }) };
}

test('all sets of inputs are run in one session, for the first answer', async () => {
  const { runtime, counts } = counting();
  const results = await runAll(never, runtime, network, [feed(1, -2), feed(3)]);
  expect(results.map((result) => [...result])).toEqual([[-1, 2], [-3]]);
  expect(counts).toEqual({ open: 0, all: 1 });
});

test('a run on one set gives all answers, with their shapes', async () => {
  const { runtime, counts } = counting();
  expect(await runOnce(never, runtime, network, feed(1, -2))).toEqual({
    opposite: { data: Float32Array.of(-1, 2), shape: [1, 2] },
    positive: { data: Float32Array.of(1, 0), shape: [1, 2] },
  });
  expect(counts).toEqual({ open: 0, all: 1 });
});

test('a cancelled run computes nothing more, and its session is freed', async () => {
  const { runtime, counts } = counting();
  const abort = new AbortController();
  const seen: number[] = [];
  const work = withNetwork(abort.signal, runtime, network, async (run) => {
    seen.push((await run([feed(1)]))[0]![0]!);
    abort.abort();
    seen.push((await run([feed(2)]))[0]![0]!);
  });
  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
  await expect(runOnce(abort.signal, runtime, network, feed(1))).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen).toEqual([-1]);
  expect(counts).toEqual({ open: 0, all: 2 });
});

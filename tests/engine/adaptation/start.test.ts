import { resolve } from 'node:path';
import { startFrom } from '../../../src/engine/adaptation/start';
import { readGraph } from '../../../src/engine/graph';
import { loadModel, readRegistry } from '../../../src/engine/runtime/models.node';
import type { Model, ModelRegistry } from '../../../src/engine/runtime/registry';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';

// The start networks that ship, on embeddings that are made up: the chooser itself is measured by train_start.py.

const folder = resolve(__dirname, '../../../models');
const runtime = cpuRuntime(1);
let registry: ModelRegistry;
const load = (id: string) => loadModel(folder, registry, id);

beforeAll(async () => void (registry = await readRegistry(folder)));
afterAll(() => runtime.dispose());

/** What the chooser weighs an embedding with, times `amount`: as clean, or as dirty, as can be. */
function embedding(start: Model, amount: number): Float32Array {
  const weight = readGraph(start.bytes).initializers.get('chooser.weight')!;
  return Float32Array.from(weight.data, (value) => amount * Math.sign(Number(value)));
}

const networks = ['lway-crisp-x4', 'lway-faithful-x4', 'lway-crisp-x2', 'lway-faithful-x2'];

test.each(networks)('%s: clean pictures get the offsets in full, dirty ones none', async (id) => {
  const model = await load(id);
  const start = await load(model.entry.start!);
  const network = readGraph(model.bytes);
  const [clean, dirty] = [
    await startFrom(runtime, start, network, embedding(start, 100)),
    await startFrom(runtime, start, network, embedding(start, -100)),
  ];
  expect(clean.share).toBeCloseTo(1, 5);
  expect(dirty.share).toBeCloseTo(0, 5);
  const directions = readGraph(start.bytes).initializers;
  let moved = 0;
  for (const [name, tensor] of network.initializers) {
    const direction = directions.get(`${name}.direction`);
    const after = clean.network.initializers.get(name)!;
    expect(after.dims).toEqual(tensor.dims);
    expect(dirty.network.initializers.get(name)!.data).toEqual(tensor.data);
    if (direction === undefined) continue;
    moved += 1;
    const at = Math.floor(tensor.data.length / 2);
    expect(Number(after.data[at])).toBeCloseTo(Number(tensor.data[at]) + Number(direction.data[at]), 6);
  }
  // All but the fixed numbers: head, body and tail, weights and biases.
  expect(moved).toBe(36);
});

test('a start network of another size of network is refused', async () => {
  const start = await load('lway-start-x2');
  const { bytes } = await load('lway-crisp-x4');
  const made = startFrom(runtime, start, readGraph(bytes), embedding(start, 1));
  await expect(made).rejects.toMatchObject({ code: 'bad-model' });
});

import { resolve } from 'node:path';
import type { SelfPair } from '../../../src/engine/adaptation/self-pairs';
import { runAll } from '../../../src/engine/network/run';
import { startFrom } from '../../../src/engine/adaptation/start';
import { readGraph, writeGraph, type Graph } from '../../../src/engine/graph';
import { createRaster } from '../../../src/engine/raster/planes';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import type { Network, NetworkRegistry } from '../../../src/engine/network/registry';
import { cpuRuntime } from '../../../src/engine/runtime/runtime.node';
import { randomNumbers } from '../raster/support';

// The start networks that ship, on embeddings and pairs that are made up; quality is measured by `npm run evaluate`.

const folder = resolve(__dirname, '../../../models');
const runtime = cpuRuntime(1);
const signal = new AbortController().signal;
let registry: NetworkRegistry;
const load = (id: string) => loadNetwork(folder, registry, id);
const clean = 100;
const dirty = -100;

beforeAll(async () => void (registry = await readRegistry(folder)));
afterAll(() => runtime.dispose());

/** As far to the side of clean, or dirty, pictures as `amount` says. */
function embedding(start: Network, amount: number): Float32Array {
  const weight = readGraph(start.bytes).initializers.get('chooser.weight')!;
  return Float32Array.from({ length: weight.data.length }, (_, i) => amount * Math.sign(Number(weight.data[i])));
}

/** The network moved by `part` of the directions in the start network's file, written down another way. */
function moved(network: Graph, start: Network, part: number): Graph {
  const directions = readGraph(start.bytes).initializers;
  const initializers = new Map(network.initializers);
  for (const [name, tensor] of network.initializers) {
    const direction = directions.get(`${name}.direction`);
    if (direction === undefined || tensor.type !== 'float32') continue;
    const data = Float32Array.from(tensor.data as Float32Array, (value, i) => value + part * Number(direction.data[i]));
    initializers.set(name, { ...tensor, data });
  }
  return { ...network, initializers };
}

/** Copies whose larger pieces are what `network` makes of the smaller ones. */
async function pairsBy(network: Graph): Promise<SelfPair[]> {
  const random = randomNumbers(1);
  const shapes = [
    [1, 3, 12, 14],
    [1, 3, 9, 9],
  ] as const;
  const low = shapes.map((shape) => ({
    shape,
    data: Float32Array.from({ length: 3 * shape[2] * shape[3] }, random),
  }));
  const high = await runAll(
    signal,
    runtime,
    writeGraph(network),
    low.map((each) => ({ lr: each })),
  );
  return low.map((each, i) => {
    const scale = Math.sqrt(high[i]!.length / each.data.length);
    return { low: each, high: createRaster(scale * each.shape[3], scale * each.shape[2], 3, high[i]) };
  });
}

const networks = ['lway-crisp-x4', 'lway-faithful-x4', 'lway-crisp-x2', 'lway-faithful-x2'];

test.each(networks)('%s goes as far as restores the pairs best', async (id) => {
  const network = await load(id);
  const start = await load(network.entry.start!);
  const graph = readGraph(network.bytes);
  for (const part of [0.5, 1]) {
    const goal = moved(graph, start, part);
    const began = await startFrom(signal, runtime, start, graph, embedding(start, clean), await pairsBy(goal), 1);
    expect(began!.share).toBeCloseTo(part, 5);
    // Head, body and tail, weights and biases; the rest are fixed numbers.
    const changed = [...goal.initializers].filter(([name, to]) => to !== graph.initializers.get(name));
    expect(changed).toHaveLength(36);
    for (const [name, { data }] of changed) {
      const at = Math.floor(data.length / 2);
      expect(Number(began!.network.initializers.get(name)!.data[at])).toBeCloseTo(Number(data[at]), 6);
    }
  }
});

test('where the general weights restore the pairs as well, they stay', async () => {
  const { bytes, entry } = await load('lway-crisp-x4');
  const [start, network] = [await load(entry.start!), readGraph(bytes)];
  const begin = async (amount: number, goal: Graph) =>
    startFrom(signal, runtime, start, network, embedding(start, amount), await pairsBy(goal), 1);
  expect(await begin(clean, network)).toBeNull();
  expect(await begin(dirty, moved(network, start, 1))).toBeNull();
  expect(await startFrom(signal, runtime, start, network, embedding(start, clean), [], 1)).toBeNull();
});

test('a gain of less than 2.7 % of the error is not enough to begin elsewhere', async () => {
  const { bytes, entry } = await load('lway-crisp-x4');
  const [start, network] = [await load(entry.start!), readGraph(bytes)];
  const goal = moved(network, start, 1);
  const [reached, general] = [await pairsBy(goal), await pairsBy(network)];
  let distance = 0;
  let count = 0;
  reached.forEach(({ high }, i) => {
    high.data.forEach((value, at) => (distance += Math.abs(value - general[i]!.high.data[at]!)));
    count += high.data.length;
  });
  // Copies that lie beyond what the goal makes, as seen from the general network: the goal is nearer by the share.
  const gaining = (share: number) => {
    const beyond = (distance / count) * (1 / share - 1);
    return reached.map(({ low, high }, i) => ({
      low,
      high: createRaster(
        high.width,
        high.height,
        3,
        high.data.map((value, at) => value + beyond * Math.sign(value - general[i]!.high.data[at]!)),
      ),
    }));
  };
  const begin = (share: number) =>
    startFrom(signal, runtime, start, network, embedding(start, clean), gaining(share), 1);
  expect(await begin(0.018)).toBeNull();
  expect((await begin(0.05))!.share).toBeCloseTo(1, 5);
});

test('what counts is the pieces without the two small pixels at their borders, where the network sees padding', async () => {
  const { bytes, entry } = await load('lway-crisp-x2');
  const [start, network] = [await load(entry.start!), readGraph(bytes)];
  const pairs = await pairsBy(moved(network, start, 1));
  const border = 4;
  /** The pairs with values beyond all reason where `isSpoilt` says. */
  const begin = (isSpoilt: (x: number, y: number, width: number, height: number) => boolean) =>
    startFrom(
      signal,
      runtime,
      start,
      network,
      embedding(start, clean),
      pairs.map(({ low, high: { width, height, data } }) => {
        const spoilt = data.map((value, i) =>
          isSpoilt(i % width, Math.floor(i / width) % height, width, height) ? 1000 : value,
        );
        return { low, high: createRaster(width, height, 3, spoilt) };
      }),
      1,
    );
  const inside = (x: number, y: number, width: number, height: number) =>
    Math.min(x, y, width - 1 - x, height - 1 - y) - border;
  expect((await begin((...at) => inside(...at) < 0))!.share).toBeCloseTo(1, 5);
  // The first that count at each side.
  expect(await begin((x, y, width) => x === border && y * 2 > width)).toBeNull();
  expect(await begin((_, y) => y === border)).toBeNull();
  expect(await begin((x, _, width) => x === width - 1 - border)).toBeNull();
  expect(await begin((_x, y, _width, height) => y === height - 1 - border)).toBeNull();
});

test('a start network for another network is refused', async () => {
  const start = await load('lway-start-x2');
  const network = readGraph((await load('lway-crisp-x4')).bytes);
  const made = startFrom(signal, runtime, start, network, embedding(start, clean), await pairsBy(network), 1);
  await expect(made).rejects.toMatchObject({ code: 'bad-model' });
});

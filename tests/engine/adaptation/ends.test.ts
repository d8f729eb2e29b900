import { resolve } from 'node:path';
import type { Ends } from '../../../src/engine/contract';
import { isEnd, loadEnds, mixEnds, ownTuning } from '../../../src/engine/adaptation';
import { readGraph } from '../../../src/engine/graph';
import { sha256 } from '../../../src/engine/network/load-network';
import { loadNetwork, readRegistry } from '../../../src/engine/network/networks.node';
import type { Network, NetworkEntry, NetworkRegistry } from '../../../src/engine/network/registry';
import { tinyModel } from '../upscaling/tiny-networks';

const folder = resolve(__dirname, '../../../models');
const load = ({ id }: NetworkEntry) => loadNetwork(folder, registry, id);

let registry: NetworkRegistry;
let crisp: Network;
let faithful: Network;
let ends: Ends;

beforeAll(async () => {
  registry = await readRegistry(folder);
  crisp = await loadNetwork(folder, registry, 'lway-crisp-x2');
  faithful = await loadNetwork(folder, registry, 'lway-faithful-x2');
  ends = (await loadEnds(registry.models, crisp.entry, load))!;
});

/** Largest difference of the weights of `bytes` to `wanted` of two networks' weights. */
function furthest(bytes: Uint8Array, wanted: (own: number, other: number) => number): number {
  const [mix, own, other] = [readGraph(bytes), readGraph(crisp.bytes), readGraph(faithful.bytes)];
  let most = 0;
  for (const [name, { data, type }] of mix.initializers) {
    if (type !== 'float32') continue;
    const [first, second] = [own.initializers.get(name)!.data, other.initializers.get(name)!.data];
    for (let i = 0; i < data.length; i++) {
      most = Math.max(most, Math.abs(Number(data[i]) - wanted(Number(first[i]), Number(second[i]))));
    }
  }
  return most;
}

test('the shipped ends are there, fit their networks and are not listed beside them', async () => {
  const networks = registry.models.filter(({ ends: own }) => own);
  expect(networks.length).toBeGreaterThan(0);
  for (const entry of networks) {
    const loaded = (await loadEnds(registry.models, entry, load))!;
    expect(Object.keys(loaded)).toEqual(Object.keys(entry.ends!));
    const network = await load(entry);
    // The one for drawings is a style of its own as well.
    for (const [name, end] of Object.entries(loaded)) expect(isEnd(registry.models, end.entry)).toBe(name !== 'drawn');
    const { detail } = ownTuning(entry);
    const mix = await mixEnds(network, loaded, { detail: detail === 100 ? 0 : 100, noise: 50, blur: 0 });
    const same = (names: Iterable<string>) => [...names].sort();
    expect(same(readGraph(mix.bytes).initializers.keys())).toEqual(same(readGraph(network.bytes).initializers.keys()));
    expect(mix.entry.sha256).not.toBe(network.entry.sha256);
  }
});

test('as it came it is the very file; at the end, the other network; in between, in proportion', async () => {
  expect((await mixEnds(crisp, ends, { detail: 100, noise: 0, blur: 0 })) === crisp).toBe(true);
  expect(
    furthest((await mixEnds(crisp, ends, { detail: 0, noise: 0, blur: 0 })).bytes, (_, other) => other),
  ).toBeLessThan(1e-6);
  const quarter = await mixEnds(crisp, ends, { detail: 25, noise: 0, blur: 0 });
  expect(furthest(quarter.bytes, (own, other) => 0.25 * own + 0.75 * other)).toBeLessThan(1e-6);
  expect(quarter.entry).toMatchObject({
    id: 'lway-crisp-x2',
    bytes: quarter.bytes.length,
    sha256: await sha256(quarter.bytes),
    quality: undefined,
  });
});

test('a file of offsets adds them', async () => {
  // Offsets that are the faithful weights themselves: the network plus half of those.
  const offsets: Network = { ...faithful, entry: { ...faithful.entry, kind: 'end' } };
  const entry: NetworkEntry = { ...crisp.entry, ends: { clean: { model: 'offsets' } } };
  const mix = await mixEnds({ ...crisp, entry }, { clean: offsets }, { detail: 100, noise: 50, blur: 0 });
  expect(furthest(mix.bytes, (own, other) => own + 0.5 * other)).toBeLessThan(1e-6);
});

test('both ways at once lead no further than one', async () => {
  const entry = { ...crisp.entry, ends: { clean: { model: 'f' }, drawn: { model: 'f' }, sharp: { model: 'f' } } };
  const mixed = (noise: number, drawn: number, blur = 0) =>
    mixEnds(
      { ...crisp, entry },
      { clean: faithful, drawn: faithful, sharp: faithful },
      { detail: 100, noise, blur, drawn },
    );
  expect(furthest((await mixed(100, 100, 100)).bytes, (_, other) => other)).toBeLessThan(1e-6);
  expect(furthest((await mixed(25, 50)).bytes, (own, other) => 0.25 * own + 0.75 * other)).toBeLessThan(1e-6);
  expect(furthest((await mixed(20, 20, 20)).bytes, (own, other) => 0.4 * own + 0.6 * other)).toBeLessThan(1e-6);
});

test('an end of another network is refused by its name', async () => {
  const tiny = await tinyModel({}, { name: 'Tiny' });
  await expect(mixEnds(crisp, { faithful: tiny }, { detail: 0, noise: 0, blur: 0 })).rejects.toMatchObject({
    code: 'bad-model',
    message: expect.stringContaining('Tiny and LWay Crisp ×2') as string,
  });
});

test('ends that are not in the list are left out', async () => {
  const { ends: own } = crisp.entry;
  const [[name, { model }]] = Object.entries(own!) as [[string, { model: string }]];
  const listed = registry.models.filter(({ id }) => id === model);
  const some = { ...crisp.entry, ends: { [name]: { model }, other: { model: 'nowhere' } } } as NetworkEntry;
  expect(Object.keys((await loadEnds(listed, some, load))!)).toEqual([name]);
  expect(await loadEnds([], some, load)).toBeUndefined();
  expect(await loadEnds(listed, { ...some, ends: undefined }, load)).toBeUndefined();
});

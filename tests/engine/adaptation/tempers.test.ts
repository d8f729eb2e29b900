import { resolve } from 'node:path';
import { loadBetween, tempersOf } from '../../../src/engine/adaptation';
import { readGraph } from '../../../src/engine/graph';
import { sha256 } from '../../../src/engine/runtime/load-model';
import { loadModel, readRegistry } from '../../../src/engine/runtime/models.node';
import type { Model, ModelEntry, ModelRegistry } from '../../../src/engine/runtime/registry';
import { tinyModel } from '../upscaling/tiny-networks';

const folder = resolve(__dirname, '../../../models');
const load = ({ id }: ModelEntry) => loadModel(folder, registry, id);

let registry: ModelRegistry;
let faithful: Model;
let crisp: Model;

beforeAll(async () => {
  registry = await readRegistry(folder);
  faithful = await loadModel(folder, registry, 'lway-faithful-x2');
  crisp = await loadModel(folder, registry, 'lway-crisp-x2');
});

const pair = () => ({ faithful: faithful.entry, crisp: crisp.entry });

describe('the two forms of a network', () => {
  test('are found from either of them', () => {
    expect(tempersOf(registry.models, faithful.entry)).toEqual(pair());
    expect(tempersOf(registry.models, crisp.entry)).toEqual(pair());
  });

  test.each<[string, (entry: ModelEntry) => ModelEntry | null]>([
    ['no sibling', (entry) => (entry.temper === 'crisp' ? null : entry)],
    ['one of another scale', (entry) => (entry.temper === 'crisp' ? { ...entry, scale: 3 } : entry)],
    ['one of another size', (entry) => (entry.temper === 'crisp' ? { ...entry, parameters: 7 } : entry)],
    ['one that does not upscale', (entry) => (entry.temper === 'crisp' ? { ...entry, kind: 'features' } : entry)],
  ])('are not there with %s', (_, change) => {
    const models = registry.models.map(change).filter((entry) => entry !== null);
    expect(tempersOf(models, faithful.entry)).toBeNull();
  });

  test('are not there for a network without a temper, or of another registry', () => {
    expect(tempersOf(registry.models, { ...faithful.entry, temper: null })).toBeNull();
    expect(tempersOf(registry.models, { ...faithful.entry, temper: undefined })).toBeNull();
    expect(tempersOf(registry.models, { ...faithful.entry, id: 'mine' })).toBeNull();
  });
});

describe('between the two', () => {
  test('the ends are the shipped files, and only the one that is wanted is loaded', async () => {
    const loads: string[] = [];
    const watched = (entry: ModelEntry) => (loads.push(entry.id), load(entry));
    expect(await loadBetween(pair(), 0, watched)).toEqual(faithful);
    expect(await loadBetween(pair(), 1, watched)).toEqual(crisp);
    expect(loads).toEqual(['lway-faithful-x2', 'lway-crisp-x2']);
  });

  test.each([0.25, 0.5])('every weight lies at %d of the way', async (crispness) => {
    const mix = readGraph((await loadBetween(pair(), crispness, load)).bytes);
    const [from, to] = [readGraph(faithful.bytes), readGraph(crisp.bytes)];
    expect([...mix.initializers.keys()]).toEqual([...from.initializers.keys()]);
    let furthest = 0;
    for (const [name, { data, type }] of mix.initializers) {
      if (type !== 'float32') continue;
      const [first, second] = [from.initializers.get(name)!.data, to.initializers.get(name)!.data];
      for (let i = 0; i < data.length; i++) {
        const wanted = Math.fround((1 - crispness) * Number(first[i]) + crispness * Number(second[i]));
        furthest = Math.max(furthest, Math.abs(Number(data[i]) - wanted));
      }
    }
    expect(furthest).toBe(0);
  });

  test('its entry is true of the mix, and goes by the name of the nearer form', async () => {
    const [{ entry, bytes }, other] = [await loadBetween(pair(), 0.4, load), await loadBetween(pair(), 0.6, load)];
    expect(entry).toMatchObject({
      id: 'lway-faithful-x2',
      name: 'LWay Faithful ×2 – LWay Crisp ×2 (40 %)',
      temper: null,
      scale: 2,
      bytes: bytes.length,
      sha256: await sha256(bytes),
    });
    expect(other.entry.id).toBe('lway-crisp-x2');
    expect(other.entry.sha256).not.toBe(entry.sha256);
  });

  test('what was measured of both ends for their adaptation is taken in proportion', async () => {
    const measured = (entry: ModelEntry, unseenAnchor: number) => ({ ...entry, adaptation: { unseenAnchor } });
    const both = { faithful: measured(faithful.entry, 4), crisp: measured(crisp.entry, 12) };
    expect((await loadBetween(both, 0.25, load)).entry.adaptation).toEqual({ unseenAnchor: 6 });
    const one = { faithful: measured(faithful.entry, 4), crisp: { ...crisp.entry, adaptation: undefined } };
    expect((await loadBetween(one, 0.25, load)).entry.adaptation).toBeUndefined();
  });

  test('two that are not one network are refused by their names', async () => {
    const tiny = await tinyModel({}, { name: 'Tiny' });
    const either = async ({ id }: ModelEntry) => (id === 'tiny' ? tiny : crisp);
    await expect(loadBetween({ faithful: tiny.entry, crisp: crisp.entry }, 0.5, either)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringContaining('Tiny and LWay Crisp ×2') as string,
    });
  });
});

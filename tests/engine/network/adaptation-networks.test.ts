import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { adaptationNetworks, estimateNetworks, loadEstimators } from '../../../src/engine/network/adaptation-networks';
import { parseRegistry } from '../../../src/engine/network/load-network';
import type { NetworkEntry } from '../../../src/engine/network/registry';

const { models } = parseRegistry(readFileSync(resolve(__dirname, '../../../models/models.json'), 'utf8'));

test.each([2, 4])('a ×%d network gets the reconstructor of its scale', (scale) => {
  const { encoder, reconstructor, features } = adaptationNetworks(models, { scale })!;
  expect(reconstructor).toMatchObject({ kind: 'reconstructor', scale });
  expect(encoder).toMatchObject({ kind: 'encoder', scale });
  expect(features.kind).toBe('features');
});

test('another scale gets what there is', () => {
  expect(adaptationNetworks(models, { scale: 3 })?.reconstructor.kind).toBe('reconstructor');
});

test('null where a kind is missing', () => {
  for (const kind of ['encoder', 'reconstructor', 'features']) {
    const others = models.filter((entry) => entry.kind !== kind);
    expect(adaptationNetworks(others, { scale: 4 })).toBeNull();
  }
});

test('a network gets the start network that it names, and no other', () => {
  for (const entry of models.filter(({ kind }) => kind === 'sr')) {
    const { start } = adaptationNetworks(models, entry)!;
    if (entry.start === undefined) expect(start).toBeUndefined();
    else expect(start).toMatchObject({ kind: 'start', id: entry.start, scale: entry.scale });
  }
  expect(adaptationNetworks(models, { scale: 4 })!.start).toBeUndefined();
  expect(adaptationNetworks(models, { scale: 4, start: 'lway-encoder-x4' })!.start).toBeUndefined();
});

test('what estimates a picture: the read-out, the encoder of its scale, and what tells drawings where there is one', async () => {
  const found = estimateNetworks(models)!;
  expect(found.readOut.kind).toBe('estimate');
  expect(found.encoder).toMatchObject({ kind: 'encoder', scale: found.readOut.scale });
  expect(found.drawing?.kind).toBe('drawing');
  // Encoders of other scales do not fit, wherever they stand.
  const others = models.filter(({ kind }) => kind !== 'encoder');
  const other = { ...found.encoder, scale: found.readOut.scale + 1 };
  expect(estimateNetworks([other, ...others, found.encoder])!.encoder).toBe(found.encoder);
  expect(estimateNetworks([other, ...others])).toBeUndefined();
  expect(estimateNetworks(models.filter(({ kind }) => kind !== 'estimate'))).toBeUndefined();

  const loaded: string[] = [];
  const load = (entry: NetworkEntry) => {
    loaded.push(entry.id);
    return Promise.resolve({ entry, bytes: new Uint8Array() });
  };
  const all = (await loadEstimators(models, load))!;
  expect([all.encoder.entry, all.readOut.entry, all.drawing!.entry]).toEqual([
    found.encoder,
    found.readOut,
    found.drawing,
  ]);
  const without = await loadEstimators(
    models.filter(({ kind }) => kind !== 'drawing'),
    load,
  );
  expect(without).toMatchObject({ encoder: { entry: found.encoder }, drawing: undefined });
  expect(loaded).toHaveLength(5);
  expect(await loadEstimators(others, load)).toBeUndefined();
  expect(loaded).toHaveLength(5);
});

test('adaptation has a read-out where its encoder is of the same scale', () => {
  const { readOut } = estimateNetworks(models)!;
  expect(adaptationNetworks(models, { scale: readOut.scale })!.readOut).toBe(readOut);
  expect(adaptationNetworks(models, { scale: readOut.scale / 2 })!.readOut).toBeUndefined();
});

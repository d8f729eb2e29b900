import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { adaptationNetworks } from '../../../src/engine/network/adaptation-networks';
import { parseRegistry } from '../../../src/engine/network/load-network';

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

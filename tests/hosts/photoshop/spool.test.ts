import type { PixelHeader } from '../../../src/hosts/photoshop/protocol';
import { scaleMask } from '../../../src/hosts/photoshop/uxp/mask';
import { samplesOf, withoutOpaqueAlpha } from '../../../src/hosts/photoshop/uxp/samples';
import { Spool } from '../../../src/hosts/photoshop/uxp/spool';
import { FakeFiles } from './setup';

const header: PixelHeader = { rect: { x: 0, y: 0, width: 1, height: 1 }, channels: 1, type: 'u8', white: 255 };

test('a spool keeps what fits in memory, the rest in files, and leaves nothing behind', async () => {
  const files = new FakeFiles();
  const spool = new Spool(files, 10);
  const shared = new Uint8Array(20).map((_, i) => i);
  const parts = { a: shared.subarray(0, 8), b: shared.subarray(8, 16), c: shared.subarray(16, 18) };
  for (const [key, bytes] of Object.entries(parts)) await spool.put(key, header, bytes);
  expect(files.content.size).toBe(1);
  for (const [key, bytes] of Object.entries(parts)) expect([...(await spool.get(key))!.bytes]).toEqual([...bytes]);
  expect(await spool.get('d')).toBeNull();
  expect(spool.keys).toEqual(['a', 'b', 'c']);
  await spool.clear();
  await spool.clear();
  expect(files.content.size).toBe(0);
  // The budget is free again.
  const next = new Spool(files, 10);
  await next.put('a', header, new Uint8Array(10));
  expect(files.content.size).toBe(0);
  await next.clear();
});

test('samples: an opaque alpha is left out, one value that is not keeps it; unaligned bytes are read', () => {
  const rgba = new Uint16Array([1, 2, 3, 32768, 4, 5, 6, 32768]);
  expect(withoutOpaqueAlpha(rgba, 4)).toEqual({ samples: new Uint16Array([1, 2, 3, 4, 5, 6]), channels: 3 });
  rgba[7] = 32767;
  expect(withoutOpaqueAlpha(rgba, 4)).toEqual({ samples: rgba, channels: 4 });
  expect(withoutOpaqueAlpha(new Uint8Array([7, 255, 8, 255]), 2)).toEqual({
    samples: new Uint8Array([7, 8]),
    channels: 1,
  });
  const bytes = new Uint8Array(new Uint16Array([0, 32768, 5]).buffer);
  const shifted = new Uint8Array(7);
  shifted.set(bytes, 1);
  expect([...samplesOf('u16', shifted.subarray(1))]).toEqual([0, 32768, 5]);
});

test('masks are enlarged about pixel centres, the same in parts as whole', () => {
  const mask = { width: 3, height: 2, data: new Uint8Array([0, 255, 0, 255, 0, 255]) };
  const whole = scaleMask(mask, 12, 8, { x: 0, y: 0, width: 12, height: 8 });
  // A corner repeats; between two centres it rises evenly.
  expect([...whole.slice(0, 7)]).toEqual([0, 0, 32, 96, 159, 223, 223]);
  for (let y = 0; y < 8; y++) {
    expect([...scaleMask(mask, 12, 8, { x: 5, y, width: 4, height: 1 })]).toEqual([
      ...whole.slice(y * 12 + 5, y * 12 + 9),
    ]);
  }
  expect([...scaleMask(mask, 3, 2, { x: 0, y: 0, width: 3, height: 2 })]).toEqual([...mask.data]);
});

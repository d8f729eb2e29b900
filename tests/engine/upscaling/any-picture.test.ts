import { createNodeEngine } from '../../../src/engine/node';
import { plane } from '../../../src/engine/raster/planes';
import type { Channels, PictureInfo, Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { decodeValue, encodeValue } from '../../../src/engine/raster/transfer';
import type { Network } from '../../../src/engine/network/registry';
import { drawn, largestDifference, never, noise } from '../raster/support';
import { Collector, sourceOf } from './pictures';
import { tinyModel } from './tiny-networks';

const engine = createNodeEngine({ threads: 1 });
afterAll(() => engine.dispose());

let network: Network;
beforeAll(async () => (network = await tinyModel()));

async function upscale(picture: Raster, info: Partial<PictureInfo> = {}, scale = 2): Promise<Raster> {
  const sink = new Collector();
  await engine.upscale(never, sourceOf(picture, info), sink, { network, size: { scale }, device: 'cpu' });
  return sink.result;
}

/** Light and dark halves, softly joined. */
const softEdge = (row: number, column: number) => 1 / (1 + Math.exp((column - 12 + 3 * Math.sin(row / 3)) / 1.5));

describe('whatever the picture is', () => {
  test('gray comes out as RGB with three equal channels does', async () => {
    const gray = noise(20, 14, 1, 2);
    const rgb = drawn(20, 14, 3, (_, row, column) => gray.data[row * 20 + column]!);
    const fromRgb = await upscale(rgb);
    const mean = (i: number) => (plane(fromRgb, 0)[i]! + plane(fromRgb, 1)[i]! + plane(fromRgb, 2)[i]!) / 3;
    const expected = Float32Array.from({ length: 40 * 28 }, (_, i) => mean(i));
    expect(largestDifference((await upscale(gray)).data, expected)).toBeLessThan(1e-6);
  });

  test('linear light is encoded for the network and decoded after', async () => {
    const display = noise(18, 18, 3, 3);
    const linear = drawn(18, 18, 3, (c, row, column) => decodeValue(display.data[(c * 18 + row) * 18 + column]!));
    const result = await upscale(linear, { encoding: 'linear' });
    const back = Float32Array.from(result.data, encodeValue);
    expect(largestDifference(back, (await upscale(display)).data)).toBeLessThan(1e-5);
  });

  test.each(['display', 'linear'] as const)('what lies outside 0..1 goes round the network (%s)', async (encoding) => {
    // A lamp far brighter than white on a slope, and a patch below black.
    const picture = drawn(24, 24, 3, (c, row, column) => {
      if (row > 4 && row < 12 && column > 6 && column < 14) return 40 + c;
      if (row > 16 && column > 16) return -0.5;
      return 0.2 + column / 60;
    });
    const result = await upscale(picture, { encoding });
    // Inside the lamp and the dark patch: what was there, but for the detail that the network adds to white and black.
    expect(result.data[16 * 48 + 20]! / 40).toBeCloseTo(1, 1);
    expect(result.data[42 * 48 + 42]!).toBeCloseTo(-0.5, 1);
    // Around them no ringing: nothing darker or brighter than what is there.
    const surround = plane(result, 0).filter((_, i) => Math.floor(i / 48) < 30 && i % 48 < 32);
    expect(Math.min(...surround)).toBeGreaterThan(0.1);
    expect(Math.max(...surround)).toBeLessThan(42);
  });

  test('values inside 0..1 stay inside', async () => {
    const result = await upscale(
      drawn(12, 12, 3, (_, row, column) => (row + column) % 2),
      { encoding: 'linear' },
    );
    expect(Math.min(...result.data)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...result.data)).toBeLessThanOrEqual(1);
  });

  test.each([
    ['black', 0],
    ['white', 1],
    ['garbage', 30],
  ])('hidden colour (%s) leaves no halo on soft edges', async (_, hidden) => {
    const colour = [0.8, 0.5, 0.2] as const;
    const picture = drawn(24, 24, 4, (channel, row, column) => {
      const alpha = Math.max(0, Math.min(1, 1.4 * softEdge(row, column) - 0.2));
      if (channel === 3) return alpha;
      return alpha === 0 ? hidden : colour[channel]!;
    });
    const result = await upscale(picture, {}, 3);
    const flat = await upscale(
      drawn(24, 24, 3, (channel) => colour[channel]!),
      {},
      3,
    );
    const alpha = plane(result, 3);
    let worst = 0;
    for (let i = 0; i < alpha.length; i++) {
      if (alpha[i]! < 0.02) continue;
      for (let channel = 0; channel < 3; channel++) {
        const distance = Math.abs(plane(result, channel)[i]! - plane(flat, channel)[i]!);
        worst = Math.max(worst, distance);
      }
    }
    // The network sees one flat colour; what is left is how it treats the filled-in part.
    expect(worst).toBeLessThan(0.02);
  });

  test('alpha keeps its full and empty areas exactly and does not ring', async () => {
    const alpha = (row: number, column: number) => Math.round(softEdge(row, column) * 4) / 4;
    const picture = drawn(24, 24, 2, (channel, row, column) => (channel === 1 ? alpha(row, column) : 0.5));
    const result = plane(await upscale(picture), 1);
    expect(Math.min(...result)).toBe(0);
    expect(Math.max(...result)).toBe(1);
    expect(result[10 * 48 + 2]).toBe(1);
    expect(result[10 * 48 + 45]).toBe(0);
    // Not blurred more than a resampler would: in the mean it is the alpha that was there.
    const reduced = resize({ width: 48, height: 48, channels: 1, data: result }, 24, 24, 'area');
    const expected = drawn(24, 24, 1, (_, row, column) => alpha(row, column));
    const error = reduced.data.reduce((sum, value, i) => sum + Math.abs(value - expected.data[i]!), 0) / 576;
    expect(error).toBeLessThan(0.02);
  });

  test('constant alpha takes the short way: colour as without it, alpha as it was', async () => {
    const rgb = noise(16, 16, 3, 8);
    for (const value of [1, 0.4]) {
      const rgba = drawn(16, 16, 4, (c, row, column) => (c === 3 ? value : rgb.data[(c * 16 + row) * 16 + column]!));
      const result = await upscale(rgba);
      expect(largestDifference(result.data.subarray(0, 3 * 1024), (await upscale(rgb)).data)).toBe(0);
      expect(new Set(plane(result, 3))).toEqual(new Set([Math.fround(value)]));
    }
  });

  test.each<[number, number, Channels]>([
    [1, 1, 1],
    [1, 1, 4],
    [1, 37, 3],
    [37, 1, 2],
    [2, 3, 3],
  ])('%i×%i pixels with %i channels', async (width, height, channels) => {
    const result = await upscale(
      drawn(width, height, channels, () => 0.6),
      {},
      3.5,
    );
    expect([result.width, result.height, result.channels]).toEqual([
      Math.round(width * 3.5),
      Math.round(height * 3.5),
      channels,
    ]);
    for (const value of result.data) expect(Math.abs(value - 0.6)).toBeLessThan(0.1);
  });

  test('a float picture with NaN in it is refused', async () => {
    const picture = noise(9, 9, 3, 1);
    picture.data[40] = NaN;
    await expect(upscale(picture)).rejects.toMatchObject({
      code: 'bad-image',
      message: expect.stringMatching(/not a number/),
    });
  });

  test('the source keeps its pixels', async () => {
    const picture = noise(9, 9, 4, 1);
    const before = picture.data.slice();
    const source = { ...sourceOf(picture, { encoding: 'linear' }), read: () => Promise.resolve(picture) };
    await engine.upscale(never, source, new Collector(), { network, size: { scale: 2 }, device: 'cpu' });
    expect(picture.data).toEqual(before);
  });
});

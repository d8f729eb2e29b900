import { seenByNetwork } from '../../../src/engine/network/picture';
import { encodeValue } from '../../../src/engine/raster/transfer';
import type { Channels } from '../../../src/engine/raster/raster';
import { largestDifference, noise } from '../raster/support';

const size = 5 * 4;
/** The picture with opacity that is full but for its last pixel. */
function picture(channels: Channels) {
  const raster = noise(5, 4, channels, channels);
  if (channels % 2 === 0) raster.data.fill(1, (channels - 1) * size).fill(0, channels * size - 1);
  return raster;
}

test.each([1, 2, 3, 4] as const)('a picture of %i channels is seen in three', (channels) => {
  const own = picture(channels);
  const { rgb, excess } = seenByNetwork(picture(channels), 'display');
  expect([rgb.width, rgb.height, rgb.channels, excess]).toEqual([5, 4, 3, null]);
  // A runtime takes all of a buffer.
  expect(rgb.data.buffer.byteLength).toBe(4 * 3 * size);
  for (let channel = 0; channel < 3; channel++) {
    const from = channels < 3 ? 0 : channel * size;
    const visible = size - 1;
    expect([...rgb.data.subarray(channel * size, channel * size + visible)]).toEqual([
      ...own.data.subarray(from, from + visible),
    ]);
    // What nobody sees has the colour of what is beside it.
    const hidden = rgb.data[channel * size + visible]!;
    if (channels % 2 === 1) expect(hidden).toBe(own.data[from + visible]);
    else expect(hidden).not.toBe(own.data[from + visible]);
  }
});

test.each([1, 2, 3, 4] as const)('linear light of %i channels is encoded, opacity is not', (channels) => {
  const encoded = picture(channels);
  const colours = channels < 3 ? 1 : 3;
  for (let i = 0; i < colours * size; i++) encoded.data[i] = encodeValue(encoded.data[i]!);
  const expected = seenByNetwork(encoded, 'display').rgb;
  expect(largestDifference(seenByNetwork(picture(channels), 'linear').rgb.data, expected.data)).toBeLessThan(1e-6);
});

test.each([1, 3, 4] as const)('what lies outside 0..1 of %i channels goes round the network', (channels) => {
  const bright = picture(channels);
  bright.data[2] = 1.5;
  const { rgb, excess } = seenByNetwork(bright, 'display');
  expect(rgb.data[2]).toBe(1);
  expect([excess!.channels, excess!.data[2]]).toEqual([channels === 1 ? 1 : 3, 0.5]);
});

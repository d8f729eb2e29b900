import { convertIndexedToRgb, decode, type DecodedPng } from 'fast-png';
import { type Channels, type PictureInfo, profileOf } from '../../../engine';
import { checkSize, damaged } from '../limits';
import { PackedPixels } from '../pixels';
import { pngColour } from '../colour';

/** PNG of any depth; not by a canvas, which would cut 16 bits down to 8. */
export function decodePng(name: string, bytes: Uint8Array): PackedPixels {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw damaged(name);
  // The size stands in the header: refuse before memory is asked for.
  checkSize(name, view.getUint32(16), view.getUint32(20));
  let png: DecodedPng;
  try {
    png = decode(bytes, { checkCrc: true });
  } catch (error) {
    throw damaged(name, error);
  }
  const { width, height, depth } = png;
  const colour = pngColour(bytes);
  const info = (channels: Channels): PictureInfo => ({
    width,
    height,
    channels,
    bitDepth: depth === 16 ? 16 : 8,
    encoding: 'display',
    iccProfile: png.iccEmbeddedProfile?.profile ?? (colour && profileOf(colour, channels < 3)) ?? undefined,
    resolution: png.resolution?.unit === 1 ? png.resolution.x * 0.0254 : undefined,
  });
  if (png.palette) {
    const channels = png.palette[0]?.length === 4 ? 4 : 3;
    return new PackedPixels(info(channels), convertIndexedToRgb(png));
  }
  let samples = depth < 8 ? spreadBits(png) : (png.data as Uint8Array | Uint16Array);
  let channels = png.channels as Channels;
  const clear = png.transparency;
  if (clear?.length && (channels === 1 || channels === 3)) {
    samples = addAlpha(samples, channels, clear, depth);
    channels = (channels + 1) as Channels;
  }
  if (samples.length !== width * height * channels) throw damaged(name);
  return new PackedPixels(info(channels), samples);
}

/** Gray of 1, 2 or 4 bits, rows starting on bytes → 8 bits. */
function spreadBits({ width, height, depth, data }: DecodedPng): Uint8Array {
  const out = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  const top = (1 << depth) - 1;
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o++) {
      const bit = x * depth;
      const value = (data[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & top;
      out[o] = (value * 255) / top;
    }
  }
  return out;
}

/** A picture in which one colour means "transparent" (tRNS) → one with alpha. */
function addAlpha(samples: Uint8Array | Uint16Array, channels: number, clear: Uint16Array, depth: number) {
  const count = samples.length / channels;
  const wide = samples instanceof Uint16Array;
  const out = wide ? new Uint16Array(count * (channels + 1)) : new Uint8Array(count * (channels + 1));
  const key = depth < 8 ? clear.map((value) => (value * 255) / ((1 << depth) - 1)) : clear;
  for (let i = 0; i < count; i++) {
    let same = true;
    for (let c = 0; c < channels; c++) {
      const value = samples[i * channels + c]!;
      out[i * (channels + 1) + c] = value;
      if (value !== key[c]) same = false;
    }
    out[i * (channels + 1) + channels] = same ? 0 : wide ? 65535 : 255;
  }
  return out;
}

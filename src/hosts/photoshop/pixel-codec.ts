// Attachments ↔ rasters, on the page's side.
import {
  type Channels,
  createRaster,
  ensureFinite,
  hasAlpha,
  type Raster,
  type Rect,
  toInterleaved,
} from '../../engine';
import type { PixelHeader, SampleType } from './protocol';

type Samples = Uint8Array | Uint16Array | Float32Array;

/** White of Photoshop's own 16 bit. */
const WHITE_16 = 32768;

/** Pixels as they came over the bridge. */
export interface Block {
  header: PixelHeader;
  bytes: Uint8Array;
}

function samplesOf(type: SampleType, bytes: Uint8Array): Samples {
  if (type === 'u8') return bytes;
  const Type = type === 'u16' ? Uint16Array : Float32Array;
  return new Type(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength / Type.BYTES_PER_ELEMENT);
}

/**
 * Copies the part of a block that lies in `target` to its place. What the block leaves out is transparent and stays 0; a
 * block without alpha is opaque.
 *
 * @param x,y where the block's origin lies in `target`; may be negative
 */
export function copyBlock({ header, bytes }: Block, target: Raster, x: number, y: number): void {
  const { rect, channels, type, white } = header;
  if (rect.width === 0 || rect.height === 0) return;
  const samples = samplesOf(type, bytes);
  const left = Math.max(0, x + rect.x);
  const right = Math.min(target.width, x + rect.x + rect.width);
  const top = Math.max(0, y + rect.y);
  const bottom = Math.min(target.height, y + rect.y + rect.height);
  if (left >= right) return;
  const size = target.width * target.height;
  const factor = 1 / white;
  const colours = target.channels <= 2 ? 1 : 3;
  for (let row = top; row < bottom; row++) {
    const from = ((row - y - rect.y) * rect.width + (left - x - rect.x)) * channels;
    const to = row * target.width + left;
    for (let channel = 0; channel < colours; channel++) {
      const plane = target.data.subarray(channel * size + to, channel * size + to + right - left);
      for (let i = 0, at = from + channel; i < plane.length; i++, at += channels) plane[i] = samples[at]! * factor;
    }
    if (!hasAlpha(target.channels)) continue;
    const alpha = target.data.subarray(colours * size + to, colours * size + to + right - left);
    if (!hasAlpha(channels)) alpha.fill(1);
    else
      for (let i = 0, at = from + channels - 1; i < alpha.length; i++, at += channels) alpha[i] = samples[at]! * factor;
  }
  // A NaN in a float picture would spread over every pixel that a network lets see it.
  if (type === 'f32') ensureFinite(target.data, 'repair');
}

/**
 * A finished piece as an attachment: in the depth of the picture, without alpha where it is opaque, and without pixels where
 * it is transparent all over.
 */
export function encodePiece(piece: Raster, bitDepth: 8 | 16 | 32, x: number, y: number): Block {
  const white = bitDepth === 8 ? 255 : bitDepth === 16 ? WHITE_16 : 1;
  const opacity = opacityOf(piece, bitDepth === 32 ? 0 : 0.5 / white);
  const type: SampleType = bitDepth === 8 ? 'u8' : bitDepth === 16 ? 'u16' : 'f32';
  const rect: Rect = { x, y, width: piece.width, height: piece.height };
  if (opacity === 'none') {
    return { header: { rect, channels: piece.channels, type, white }, bytes: new Uint8Array(0) };
  }
  const channels = (opacity === 'full' && hasAlpha(piece.channels) ? piece.channels - 1 : piece.channels) as Channels;
  const shown =
    channels === piece.channels
      ? piece
      : createRaster(
          piece.width,
          piece.height,
          channels,
          piece.data.subarray(0, piece.width * piece.height * channels),
        );
  const samples = toInterleaved(shown, bitDepth, { white });
  return {
    header: { rect, channels, type, white },
    bytes: new Uint8Array(samples.buffer as ArrayBuffer, samples.byteOffset, samples.byteLength),
  };
}

/** @param tolerance how far from 0 and 1 an alpha may be and still be written as such */
function opacityOf(piece: Raster, tolerance: number): 'none' | 'some' | 'full' {
  if (!hasAlpha(piece.channels)) return 'full';
  const size = piece.width * piece.height;
  const alpha = piece.data.subarray((piece.channels - 1) * size);
  let low = Infinity;
  let high = -Infinity;
  for (const value of alpha) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high <= 0 || high < tolerance ? 'none' : low >= 1 - tolerance ? 'full' : 'some';
}

import { LWayError } from '../engine';
import type { Channels } from '../engine';

/** What a PNG says in words (PNG, third edition, section 11.3.3): a keyword, "Author" or "parameters", and its text. */
export interface PngText {
  readonly keyword: string;
  readonly text: string;
}

/** What a file says of its picture besides size and colours. */
export interface PictureMetadata {
  /** A TIFF structure. */
  readonly exif?: Uint8Array;
  /** A packet. */
  readonly xmp?: string;
  /** Datasets. */
  readonly iptc?: Uint8Array;
  /** What a PNG says in words. */
  readonly text?: readonly PngText[];
}

/** A picture read whole, upright. */
export interface Picture extends PictureMetadata {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** Interleaved, alpha straight; floats are light. */
  readonly data: Uint8Array | Uint16Array | Float32Array;
  readonly iccProfile?: Uint8Array;
  /** Pixels per inch. */
  readonly resolution?: number;
  /** The pixels were turned upright, as the file says. */
  readonly turned?: boolean;
  /** What was done to the picture, if anything, in words that go on from its name. */
  readonly notice?: string;
}

/** What is wrong with a file's data, in words for people. */
export class Damaged extends Error {}

export const cutOff = () => new Damaged('it is cut off');

/** These readers hold the whole picture: more pixels than this take too much memory. */
export const mostPixels = 100e6;

export const another = 'Save it as PNG, or as 8 or 16 bit RGB TIFF, first.';

/** @throws Damaged, LWayError `too-large` */
export function checkPixels(width: number, height: number): void {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1))
    throw new Damaged('it has no pixels');
  if (width * height > mostPixels) throw tooLarge(width, height);
}

export const tooLarge = (width: number, height: number) =>
  new LWayError(
    'too-large',
    `has ${width}×${height} pixels; LWay reads files of this kind up to ${mostPixels / 1e6} megapixels.`,
    another,
  );

/** @param what goes on from the file's name */
export const unsupported = (what: string, advice = another) =>
  new LWayError('unsupported', `${what}, which LWay does not read.`, advice);

/** The bytes' numbers; reading behind the end throws a RangeError. */
export const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Bytes as letters, one each. */
export function textAt(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < Math.min(to, bytes.length); at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

import { maxScale, minScale } from '../actions/size';
import type { AdaptLevel } from '../actions/settings';
import { type Device, type ImageInput, LWayError, type Rect } from '../engine';
import { knownRanges } from '../engine/node';
import { readSize, type AskedSize } from './asked-size';
import type { FormatName } from './files/formats';
import { formatNames, formats } from './files/formats';
import type { MetadataChoice } from './files/metadata/carry';

function bad(option: string, text: string, expected: string): LWayError {
  return new LWayError('bad-option', `"${text}" is not a valid value for ${option}.`, `Use ${expected}.`);
}

function number(text: string): number {
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : NaN;
}

/** `4`, `2.5`, also `4x` and `x4`. */
export function parseScale(text: string): number {
  const scale = number(text.replace(/^[x×]|[x×]$/i, ''));
  if (!(scale >= minScale && scale <= maxScale)) throw bad('--scale', text, 'a factor from 1 to 8, such as 4 or 2.5');
  return scale;
}

/** `3000x2000` */
export function parseSize(text: string): { width: number; height: number } {
  const match = /^(\d{1,7})\s*[x×,]\s*(\d{1,7})$/i.exec(text.trim());
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  if (!(width >= 1 && height >= 1)) throw bad('--size', text, 'width x height in pixels, such as 3000x2000');
  return { width, height };
}

/** As {@link parseSize}, and `3000x`, `x2000`, `3000` for the longer side, `24mp`. */
export function parseAskedSize(text: string): AskedSize {
  const size = readSize(text);
  if (size === null)
    throw bad(
      '--size',
      text,
      'pixels to fit into (3000x2000), one side (3000x, x2000), the longer one (3000), or 24mp',
    );
  return size;
}

/** `x,y,w,h` */
export function parseRegion(text: string): Rect {
  const match = /^\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*,\s*(\d{1,9})\s*$/.exec(text);
  const [x, y, width, height] = (match?.slice(1) ?? []).map(Number) as [number, number, number, number];
  if (!(width >= 1 && height >= 1)) {
    throw bad('--region', text, 'left,top,width,height in pixels, such as 100,50,640,480');
  }
  return { x, y, width, height };
}

function oneOf<T extends string>(option: string, values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((each) => each === text.toLowerCase());
    if (value === undefined) throw bad(option, text, `one of ${values.join(', ')}`);
    return value;
  };
}

export const parseAdapt = oneOf<AdaptLevel>('--adapt', ['off', 'quick', 'standard', 'thorough']);
export const parseMetadata = oneOf<MetadataChoice>('--metadata', ['keep', 'minimal', 'strip']);
export const parseDevice = oneOf<'auto' | Device>('--device', ['auto', 'webgpu', 'cpu']);

/** Values of black and white, as `models add` prints them. */
export function parseRange(text: string): ImageInput['range'] {
  const [low, high] = text.split(/\.\.|,/).map(number);
  const range = knownRanges.find((each) => each[0] === low && each[1] === high);
  if (!range) throw bad('--range', text, 'one of 0..1, 0..255, -1..1');
  return range;
}

export const parseOrder = (text: string): ImageInput['channels'] =>
  oneOf('--order', ['rgb', 'bgr'])(text) === 'rgb' ? 'RGB' : 'BGR';

/** `NAME=NUMBER`, gathered over several occurrences of the option. */
export function collectValues(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const at = text.lastIndexOf('=');
  const value = at > 0 && text.slice(at + 1).trim() !== '' ? Number(text.slice(at + 1)) : NaN;
  if (!Number.isFinite(value)) throw bad('--value', text, 'the name of an input and a number, such as noise=15');
  return { ...before, [text.slice(0, at)]: value };
}

/** Also other spellings of the same format: `jpeg`, `tif`. */
export function parseFormat(text: string): FormatName {
  const found = Object.values(formats).find((format) => format.extensions.includes(text.toLowerCase()));
  if (!found) throw bad('--format', text, `one of ${formatNames.join(', ')}`);
  return found.name;
}

export function parseStrength(text: string): number {
  const strength = number(text);
  if (!(strength >= 0 && strength <= 1))
    throw bad('--strength', text, 'a number from 0 (original network) to 1 (fully adapted)');
  return strength;
}

/** @returns undefined for auto */
export function parseDetail(text: string): number | undefined {
  return percentOrAuto('--detail', text, 'auto, or a number from 0 (faithful) to 100 (crisp)');
}

/** @returns undefined for auto */
export function parseNoise(text: string): number | undefined {
  return percentOrAuto('--noise', text, 'auto, or a number from 0 (keep) to 100 (clean)');
}

/** @returns undefined for auto */
export function parseBlur(text: string): number | undefined {
  return percentOrAuto('--blur', text, 'auto, or a number from 0 (keep) to 100 (sharpen)');
}

function percentOrAuto(option: string, text: string, wanted: string): number | undefined {
  if (text === 'auto') return undefined;
  const percent = number(text);
  if (!(percent >= 0 && percent <= 100)) throw bad(option, text, wanted);
  return percent;
}

/** The option of earlier versions: says what has taken its place. */
export function refuseCrispness(text: string): never {
  const percent = Math.round(100 * number(text));
  const instead = percent >= 0 && percent <= 100 ? `--detail ${percent}` : '--detail 0 to 100';
  throw new LWayError(
    'bad-option',
    '--crispness has become --detail, from 0 (faithful) to 100 (crisp).',
    `Use ${instead} with lway-crisp-x4 or lway-crisp-x2.`,
  );
}

/** Smaller tiles than this are all margin, larger ones beyond what devices bind. */
export function parseTile(text: string): number {
  const tile = number(text);
  if (!(Number.isInteger(tile) && tile >= 16 && tile <= 4096)) {
    throw bad('--tile', text, 'the side of a tile in pixels of the input, 16 to 4096');
  }
  return tile;
}

export function parseQuality(text: string): number {
  const quality = number(text);
  if (!(Number.isInteger(quality) && quality >= 1 && quality <= 100)) {
    throw bad('--quality', text, 'a whole number from 1 to 100');
  }
  return quality;
}

export interface Part {
  /** From 1 on. */
  readonly number: number;
  readonly of: number;
}

/** `2/8` */
export function parsePart(text: string): Part {
  const [, number, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text.trim())?.map(Number) ?? [];
  if (!(number! >= 1 && number! <= of!)) throw bad('--part', text, 'which part of how many, such as 2/8');
  return { number: number!, of: of! };
}

/** @returns parses whole numbers within a range */
export function parseWhole(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (!(Number.isInteger(value) && value >= least && value <= most))
      throw bad(option, text, `a whole number from ${least} to ${most}`);
    return value;
  };
}

export function parseDepth(text: string): 8 | 16 {
  if (text !== '8' && text !== '16') throw bad('--depth', text, '8 or 16');
  return Number(text) as 8 | 16;
}

/** The result size that `--scale` and `--size` ask for together. */
export function chosenSize<S>(options: { scale?: number; size?: S }, standard: number): S | { scale: number } {
  if (options.scale !== undefined && options.size !== undefined) {
    throw new LWayError('bad-option', '--scale and --size exclude each other.', 'Use one of them.');
  }
  return options.size ?? { scale: options.scale ?? standard };
}

import { type Channels, hasAlpha, LWayError } from '../../engine';

export type FormatName = 'png' | 'jpg' | 'webp' | 'tiff' | 'avif';

/** What a file format can hold, as the encoders in use (libvips) write it. */
export interface Format {
  readonly name: FormatName;
  readonly label: string;
  /** The first one is used for new names. */
  readonly extensions: readonly string[];
  readonly maxSide: number;
  readonly alpha: boolean;
  /** Whether pictures of one channel, and profiles for them, stay such. */
  readonly gray: boolean;
  /** Whether its encoder takes the picture strip by strip; else it holds all of it in memory. */
  readonly streams: boolean;
  readonly bitDepths: readonly (8 | 16 | 32)[];
  /** 1..100 where the format is lossy; undefined where `--quality` means nothing. */
  readonly defaultQuality?: number;
}

export const formats: Readonly<Record<FormatName, Format>> = {
  png: {
    name: 'png',
    label: 'PNG',
    extensions: ['png'],
    maxSide: 2 ** 31 - 1,
    alpha: true,
    gray: true,
    streams: true,
    bitDepths: [8, 16],
  },
  // The file format ends at 65535; every encoder built on libjpeg ends at 65500.
  jpg: {
    name: 'jpg',
    label: 'JPEG',
    extensions: ['jpg', 'jpeg', 'jpe', 'jfif'],
    maxSide: 65500,
    alpha: false,
    gray: true,
    streams: true,
    bitDepths: [8],
    defaultQuality: 93,
  },
  webp: {
    name: 'webp',
    label: 'WebP',
    extensions: ['webp'],
    maxSide: 16383,
    alpha: true,
    gray: false,
    streams: false,
    bitDepths: [8],
    defaultQuality: 90,
  },
  tiff: {
    name: 'tiff',
    label: 'TIFF',
    extensions: ['tif', 'tiff'],
    maxSide: 2 ** 31 - 1,
    alpha: true,
    gray: true,
    streams: true,
    bitDepths: [8, 16, 32],
  },
  avif: {
    name: 'avif',
    label: 'AVIF',
    extensions: ['avif'],
    maxSide: 16384,
    alpha: true,
    gray: false,
    streams: false,
    bitDepths: [8],
    defaultQuality: 80,
  },
};

export const formatNames = Object.keys(formats) as FormatName[];

/** The format that a file name's extension asks for, or null. */
export function formatOfName(name: string): Format | null {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase();
  if (!extension) return null;
  return Object.values(formats).find((format) => format.extensions.includes(extension)) ?? null;
}

export interface ResultShape {
  width: number;
  height: number;
  channels: Channels;
  bitDepth: 8 | 16 | 32;
}

function misfit(format: Format, shape: ResultShape): string | null {
  const longest = Math.max(shape.width, shape.height);
  if (longest > format.maxSide) {
    return `a ${format.label} file is at most ${format.maxSide} pixels wide or high, and the result would have ${longest}`;
  }
  if (hasAlpha(shape.channels) && !format.alpha) return `${format.label} has no transparency, but the picture has`;
  if (!format.bitDepths.includes(shape.bitDepth)) {
    return `${format.label} files as LWay writes them hold ${format.bitDepths.join(' or ')} bits per channel, and the picture has ${shape.bitDepth}`;
  }
  return null;
}

/** Formats that can hold such a result, the most common first. */
export function formatsFor(shape: ResultShape): Format[] {
  return Object.values(formats).filter((format) => misfit(format, shape) === null);
}

/**
 * Refuses, before any work, a result that `format` cannot hold.
 * @throws LWayError `unsupported`, naming the formats that can
 */
export function checkFormat(format: Format, shape: ResultShape): void {
  const reason = misfit(format, shape);
  if (reason === null) return;
  const able = formatsFor(shape);
  const names = able.map((other) => `--format ${other.name}`).join(' or ');
  const lessDepth = shape.bitDepth === 16 && misfit(format, { ...shape, bitDepth: 8 }) === null;
  throw new LWayError(
    'unsupported',
    `The format cannot hold the result: ${reason}.`,
    `Use ${names || 'a smaller size'}${lessDepth ? ', or --depth 8 to write 8 bits' : ''}.`,
  );
}

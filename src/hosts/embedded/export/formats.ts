import type { PixelSource } from '../../../engine';
import { iptcIntoXmp } from '../../../pictures/iptc-xmp';
import type { PictureMetadata } from '../../../pictures/picture';
import { exifFor } from '../../../pictures/tiff/exif';
import { carryXmp } from '../../../pictures/xmp';
import { checkPng, writePng } from '../../shared/png/write';
import type { OpenDocument } from '../workspace';
import { checkCanvasImage, writeCanvasImage, type CanvasFormat } from './canvas-image';
import { composite } from './composite';
import { checkPsd, writePsd } from './psd';
import { checkTiff, writeTiff } from './tiff';

/** How a picture is to be written. */
export interface ExportOptions {
  /** 1..100, where the format loses something. */
  readonly quality: number;
  readonly bitDepth: 8 | 16;
  /** Pixels per inch; undefined: none is written. */
  readonly resolution: number | undefined;
  /** Of the file that the picture came from: camera, date, place, words. */
  readonly metadata?: PictureMetadata;
}

export type FormatId = 'png' | 'jpeg' | 'webp' | 'tiff' | 'psd';

type OnProgress = (done: number) => void;

/** A format that holds one flat picture. */
export interface PictureFormat {
  readonly id: FormatId;
  readonly name: string;
  readonly extension: string;
  readonly hint: string;
  readonly lossy: boolean;
  readonly depths: readonly (8 | 16)[];
  /** What it has a place for besides EXIF and XMP. */
  readonly holds: { readonly iptc: boolean; readonly text: boolean };
  /** @throws LWayError where the format cannot hold the picture; before any work */
  check(picture: PixelSource, options: ExportOptions): void;
  write(signal: AbortSignal, picture: PixelSource, options: ExportOptions, onProgress: OnProgress): Promise<Blob>;
}

/** The picture as it is written: in the depth and resolution that were chosen. */
function prepared(picture: PixelSource, { bitDepth, resolution }: ExportOptions): PixelSource {
  return { info: { ...picture.info, bitDepth, resolution }, read: (signal, rect) => picture.read(signal, rect) };
}

/** What is written of the metadata, with the size that the picture now has. */
function fitting(
  { width, height }: { width: number; height: number },
  { metadata = {}, resolution }: ExportOptions,
  holds: PictureFormat['holds'],
): PictureMetadata {
  const { iptc, text } = metadata;
  const xmp = metadata.xmp === undefined ? null : carryXmp(metadata.xmp, { width, height, turned: false });
  return {
    exif: exifFor(metadata.exif, { width, height, resolution }, holds.text ? [] : text).exif,
    xmp: (iptc && !holds.iptc ? iptcIntoXmp(iptc, xmp).xmp : xmp) ?? undefined,
    iptc: holds.iptc ? iptc : undefined,
    text: holds.text ? text : undefined,
  };
}

/** What of a picture's words becomes something else in this format, or is left out: sentences; empty where nothing is. */
export function wordsLost(
  { name, holds }: Pick<PictureFormat, 'name' | 'holds'>,
  { exif, iptc, text }: PictureMetadata,
): string {
  const sentences: string[] = [];
  if (iptc && !holds.iptc)
    sentences.push(`${name} has no place for IPTC data: what XMP can say of them is written as that.`);
  const { left } = holds.text ? { left: [] } : exifFor(exif, { width: 1, height: 1 }, text);
  if (left.length > 0) {
    const keywords = left.map((keyword) => `“${keyword}”`).join(', ');
    sentences.push(`${name} has no place for what this picture says under ${keywords}: export as PNG to keep it.`);
  }
  return sentences.join(' ');
}

function canvasFormat(id: CanvasFormat, name: string, extension: string, hint: string): PictureFormat {
  const holds = { iptc: id === 'jpeg', text: false };
  return {
    id,
    name,
    extension,
    hint,
    lossy: true,
    depths: [8],
    holds,
    check: (picture, options) => checkCanvasImage(id, prepared(picture, options).info),
    write: (signal, picture, options, onProgress) => {
      const metadata = fitting(picture.info, options, holds);
      return writeCanvasImage(signal, prepared(picture, options), id, options.quality, metadata, onProgress);
    },
  };
}

/** The flat formats, in the order in which they are offered. */
export const pictureFormats: readonly PictureFormat[] = [
  {
    id: 'png',
    name: 'PNG',
    extension: 'png',
    hint: 'Loses nothing.',
    lossy: false,
    depths: [8, 16],
    holds: { iptc: true, text: true },
    check: (picture, options) => checkPng(prepared(picture, options).info),
    async write(signal, picture, options, onProgress) {
      const parts: Uint8Array<ArrayBuffer>[] = [];
      const metadata = fitting(picture.info, options, this.holds);
      await writePng(signal, prepared(picture, options), (bytes) => parts.push(bytes), onProgress, metadata);
      return new Blob(parts, { type: 'image/png' });
    },
  },
  canvasFormat('jpeg', 'JPEG', 'jpg', 'Small files, for photographs. Transparent parts become white.'),
  canvasFormat('webp', 'WebP', 'webp', 'Smaller than JPEG, for the web. At quality 100 it loses nothing.'),
  {
    id: 'tiff',
    name: 'TIFF',
    extension: 'tif',
    hint: 'Loses nothing; for print and archives.',
    lossy: false,
    depths: [8, 16],
    holds: { iptc: true, text: false },
    check: (picture, options) => checkTiff(prepared(picture, options).info),
    async write(signal, picture, options, onProgress) {
      const metadata = fitting(picture.info, options, this.holds);
      return new Blob(await writeTiff(signal, prepared(picture, options), onProgress, metadata), {
        type: 'image/tiff',
      });
    },
  },
];

/** What a document can be exported as. */
export interface ExportFormat extends Omit<PictureFormat, 'check' | 'write'> {
  check(document: OpenDocument, options: ExportOptions): void;
  write(signal: AbortSignal, document: OpenDocument, options: ExportOptions, onProgress: OnProgress): Promise<Blob>;
}

export const exportFormats: readonly ExportFormat[] = [
  ...pictureFormats.map((format): ExportFormat => ({
    ...format,
    check: (document, options) => format.check(composite(document), options),
    write: (signal, document, options, onProgress) => format.write(signal, composite(document), options, onProgress),
  })),
  {
    id: 'psd',
    name: 'PSD',
    extension: 'psd',
    hint: 'All layers, for Photoshop and others.',
    lossy: false,
    depths: [8],
    holds: { iptc: true, text: false },
    check: (document) => checkPsd(document),
    async write(signal, document, options, onProgress) {
      const { resolution } = options;
      const metadata = fitting(document.state, options, this.holds);
      const bytes = await writePsd(signal, { ...document, resolution }, onProgress, metadata);
      return new Blob([bytes], { type: 'image/vnd.adobe.photoshop' });
    },
  },
];

import sharp, { type Metadata } from 'sharp';
import { type Colour, colourOfCodes, colourOfPng } from '../../../engine';
import type { Picture } from '../../../pictures/picture';
import type { ByteReader } from '../tiff/directory';
import { numbersOf, readDirectory, readTiffHeader, withFile } from '../tiff/directory';
import { inLibvips } from '../libvips';
import { sharpInput } from '../sharp-input';
import type { VipsHeader } from '../vips-file';
import { colourCodes, itemTypes, readMeta } from './boxes';
import { tags } from '../../../pictures/exif-tags';
import { readIptc } from '../../../pictures/iptc';
import { isDescription, isIptcProfile, rawProfile, readText, type PngText } from '../../../pictures/png-text';
import { readExif, readExifAt, type Exif } from './exif';
import { pngSignature, readChunks } from './png-chunks';
import { hasGainMap } from '../../../pictures/xmp';

/** What a picture says of itself besides its pixels and its ICC profile. */
export interface PictureMetadata {
  readonly exif: Exif | null;
  readonly xmp: string | null;
  /** IPTC-IIM datasets. */
  readonly iptc: Buffer | null;
  /** What a PNG says in words: "Author", "parameters". */
  readonly text: readonly PngText[];
  /** Given otherwise than by a profile; `null` for sRGB. */
  readonly colour: Colour | null;
  /** Code points of `colour`, where it was given by those. */
  readonly codes: readonly [primaries: number, transfer: number] | null;
  /** A second picture makes this one brighter on HDR screens. */
  readonly gainMap: boolean;
  /** Pixels per inch; `null` where the file does not say, or says it without a unit. */
  readonly resolution: number | null;
  /** The pixels were turned upright. */
  readonly turned: boolean;
}

export const nothingSaid: PictureMetadata = {
  exif: null,
  xmp: null,
  iptc: null,
  text: [],
  colour: null,
  codes: null,
  gainMap: false,
  resolution: null,
  turned: false,
};

/**
 * Gathers what the file at `path` says. What is damaged counts as not there: the pixels are what matters.
 * @param header of the decoded work file
 * @param turned the pixels were turned upright
 */
export async function readMetadata(
  path: string,
  { xResolution }: VipsHeader,
  turned: boolean,
): Promise<PictureMetadata> {
  // As they lie in the file; in the work file libvips puts EXIF of its own.
  const readable = await sharpInput(path);
  const { exif, xmp, iptc } = await inLibvips(false, () =>
    sharp(readable, { limitInputPixels: false }).metadata(),
  ).catch((): Partial<Metadata> => ({}));
  const found: PictureMetadata = {
    ...nothingSaid,
    exif: exif ? await readExif(exif) : null,
    xmp: xmp?.toString('utf8') ?? null,
    iptc: iptc ? iptcOf(iptc) : null,
    // What libvips takes where nothing is said is one pixel per millimetre.
    resolution: Math.abs(xResolution - 1) < 1e-6 || !(xResolution > 0) ? null : xResolution * 25.4,
    turned,
  };
  const more = await withFile(path, (reader) => ownReading(reader, found));
  const gainMap = more.gainMap === true || (found.xmp !== null && hasGainMap(found.xmp));
  return { ...found, ...more, gainMap };
}

/** The same of a picture that LWay reads by itself. */
export async function metadataOf(
  { exif, xmp, iptc, resolution }: Pick<Picture, 'exif' | 'xmp' | 'iptc' | 'resolution'>,
  turned: boolean,
): Promise<PictureMetadata> {
  return {
    ...nothingSaid,
    exif: exif ? await readExif(Buffer.from(exif)) : null,
    xmp: xmp ?? null,
    iptc: iptc ? iptcOf(iptc) : null,
    gainMap: xmp !== undefined && hasGainMap(xmp),
    resolution: resolution ?? null,
    turned,
  };
}

function iptcOf(block: Uint8Array): Buffer | null {
  const found = readIptc(block);
  return found && Buffer.from(found);
}

async function ownReading(reader: ByteReader, found: PictureMetadata): Promise<Partial<PictureMetadata>> {
  const start = await reader.read(0, 12);
  if (start.subarray(0, 8).equals(pngSignature)) return ofPng(reader);
  if (start[0] === 0xff && start[1] === 0xd8) return ofJpeg(reader, found);
  if (start.toString('latin1', 4, 8) === 'ftyp') return ofHeif(reader);
  const header = await readTiffHeader(reader);
  if (!header || /^(RIFF|GIF8)/.test(start.toString('latin1'))) return {};
  const { entries } = await readDirectory(reader, header, header.first);
  const [unit] = numbersOf(entries.find(({ tag }) => tag === tags.resolutionUnit));
  return { exif: await readExifAt(reader, header), ...(unit === 1 ? { resolution: null } : {}) };
}

async function ofPng(reader: ByteReader): Promise<Partial<PictureMetadata>> {
  const { chunks } = await readChunks(reader, /^(gAMA|cHRM|sRGB|cICP|iCCP|pHYs|tEXt|zTXt|iTXt)$/);
  const data = (type: string, length = 1) => {
    const found = chunks.find((chunk) => chunk.type === type)?.data;
    return found && found.length >= length ? found : null;
  };
  const all = chunks.map(readText).filter((each) => each !== null);
  const iptc = all.find(isIptcProfile);
  const iptcBlock = iptc && rawProfile(iptc.text);
  const physical = data('pHYs', 9);
  const [codes, colour] = colourOf(data);
  return {
    text: all.filter(isDescription),
    codes,
    colour,
    ...(iptcBlock ? { iptc: iptcOf(iptcBlock) } : {}),
    ...(physical?.[8] === 1 ? {} : { resolution: null }),
  };
}

/** In the order of precedence that the standard gives: cICP, iCCP, sRGB, gAMA with cHRM. */
function colourOf(data: (type: string, length?: number) => Buffer | null): [PictureMetadata['codes'], Colour | null] {
  const cicp = data('cICP', 4);
  if (cicp) return [[cicp[0]!, cicp[1]!], colourOfCodes(cicp[0]!, cicp[1]!)];
  if (data('iCCP') || data('sRGB')) return [null, null];
  const gamma = data('gAMA', 4)?.readUInt32BE(0);
  const values = data('cHRM', 32);
  const chromaticities = values && Array.from({ length: 8 }, (_, i) => values.readUInt32BE(4 * i) / 100_000);
  return [null, colourOfPng(gamma ? gamma / 100_000 : null, chromaticities)];
}

const secondPicture = /^(MPF\0|urn:iso:std:iso:ts:21496:-1)/;

/** A second picture, and a resolution whose unit is none. */
async function ofJpeg(reader: ByteReader, { exif }: PictureMetadata): Promise<Partial<PictureMetadata>> {
  let gainMap = false;
  let unit: number | undefined = numbersOf(exif?.image.find(({ tag }) => tag === tags.resolutionUnit))[0];
  for (let at = 2; at + 4 <= reader.size;) {
    const head = await reader.read(at, 40);
    const [marker, length] = [head[1]!, head.length > 4 ? head.readUInt16BE(2) : 0];
    if (head[0] !== 0xff || length < 2 || marker === 0xda) break;
    if (marker === 0xe2 && secondPicture.test(head.toString('latin1', 4)) && head.toString('latin1', 4, 7) === 'urn')
      gainMap = true;
    // JFIF: none, inch, centimetre; EXIF counts the same from one, and is asked where JFIF says nothing.
    if (marker === 0xe0 && head.toString('latin1', 4, 8) === 'JFIF' && head[11] !== 0) unit = head[11]! + 1;
    at += 2 + length;
  }
  return { gainMap, ...(unit === 2 || unit === 3 ? {} : { resolution: null }) };
}

async function ofHeif(reader: ByteReader): Promise<Partial<PictureMetadata>> {
  const meta = await readMeta(reader);
  if (!meta) return {};
  const gainMap = [...itemTypes(meta.buffer).values()].includes('tmap');
  const [at] = colourCodes(meta.buffer);
  if (at === undefined) return { gainMap };
  const codes = [meta.buffer.readUInt16BE(at), meta.buffer.readUInt16BE(at + 2)] as const;
  return { gainMap, codes, colour: colourOfCodes(...codes) };
}

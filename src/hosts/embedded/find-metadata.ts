import { unzlibSync } from 'fflate';
import { readIptc } from '../../pictures/iptc';
import { textAt, viewOf, type PictureMetadata } from '../../pictures/picture';
import { readDirectories } from '../../pictures/tiff/directory';
import { carryXmp } from '../../pictures/xmp';

type Found = { -readonly [key in keyof PictureMetadata]: PictureMetadata[key] };

/** What a JPEG, PNG or WebP says of its picture, which the browser turns upright; undefined where that is nothing. */
export function findMetadata(bytes: Uint8Array): PictureMetadata | undefined {
  const found: Found = {};
  try {
    if (viewOf(bytes).getUint16(0) === 0xffd8) inJpeg(bytes, found);
    else if (viewOf(bytes).getUint32(0) === 0x89504e47) inPng(bytes, found);
    else if (textAt(bytes, 0, 4) === 'RIFF' && textAt(bytes, 8, 12) === 'WEBP') inWebp(bytes, found);
  } catch (error) {
    // A file that ends too early: what was found until there is all; the decoder will say whether it is a picture.
    if (!(error instanceof RangeError)) throw error;
  }
  const turned = found.exif !== undefined && readDirectories(found.exif).pages[0]?.has(0x0112) === true;
  return uprightMetadata(found, turned);
}

/**
 * @param turned whether the pixels were turned as the file said, so that XMP, which may say so too, must not turn them again
 * @returns undefined where there is none
 */
export function uprightMetadata({ exif, xmp, iptc }: PictureMetadata, turned: boolean): PictureMetadata | undefined {
  if (exif === undefined && xmp === undefined && iptc === undefined) return undefined;
  return { exif, xmp: xmp !== undefined && turned ? carryXmp(xmp, { turned }) : xmp, iptc };
}

const adobe = 'http://ns.adobe.com/xap/1.0/\0';

function inJpeg(bytes: Uint8Array, found: Found): void {
  const view = viewOf(bytes);
  const resources: Uint8Array[] = [];
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xda) break; // the picture itself
    const data = bytes.subarray(at + 4, at + 2 + view.getUint16(at + 2));
    if (marker === 0xe1 && textAt(data, 0, 6) === 'Exif\0\0') found.exif ??= new Uint8Array(data.subarray(6));
    if (marker === 0xe1 && textAt(data, 0, adobe.length) === adobe) found.xmp ??= utf8(data.subarray(adobe.length));
    // Longer ones than a segment go on in the next.
    if (marker === 0xed && textAt(data, 0, 14) === 'Photoshop 3.0\0') resources.push(data.subarray(14));
  }
  if (resources.length === 0) return;
  const block = new Uint8Array(resources.reduce((sum, { length }) => sum + length, 0));
  resources.reduce((to, part) => (block.set(part, to), to + part.length), 0);
  found.iptc = readIptc(block) ?? undefined;
}

function inPng(bytes: Uint8Array, found: Found): void {
  const view = viewOf(bytes);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = textAt(bytes, at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + view.getUint32(at));
    if (type === 'eXIf') found.exif = exifBlock(data);
    if (type !== 'iTXt' && type !== 'zTXt' && type !== 'tEXt') continue;
    const end = data.indexOf(0);
    const keyword = textAt(data, 0, end);
    // By the specification in iTXt; libvips writes it into zTXt.
    if (keyword === 'XML:com.adobe.xmp') found.xmp = utf8(textOf(data, end, type));
    if (/^Raw profile type (iptc|8bim)$/i.test(keyword)) {
      const digits = /^\s*\w+\s+\d+\s+([0-9a-f\s]+)$/i.exec(utf8(textOf(data, end, type)))?.[1]?.match(/[0-9a-f]{2}/gi);
      if (digits) found.iptc = readIptc(Uint8Array.from(digits, (two) => parseInt(two, 16))) ?? undefined;
    }
  }
}

/** Longest text that is unpacked. */
const mostText = 1 << 24;

/** The bytes of a PNG's text chunk. @param end of the keyword */
function textOf(data: Uint8Array, end: number, type: 'iTXt' | 'zTXt' | 'tEXt'): Uint8Array {
  if (type === 'tEXt') return data.subarray(end + 1);
  let from = end + 2;
  const packed = type === 'zTXt' || data[end + 1] === 1;
  // Language and translated keyword.
  if (type === 'iTXt') from = data.indexOf(0, data.indexOf(0, end + 3) + 1) + 1;
  const text = data.subarray(from);
  if (!packed) return text;
  try {
    return unzlibSync(text, { out: new Uint8Array(Math.min(mostText, text.length * 1032)) });
  } catch {
    return new Uint8Array();
  }
}

function inWebp(bytes: Uint8Array, found: Found): void {
  const view = viewOf(bytes);
  for (let at = 12; at + 8 <= bytes.length;) {
    const [name, length] = [textAt(bytes, at, at + 4), view.getUint32(at + 4, true)];
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (name === 'EXIF') found.exif = exifBlock(data);
    if (name === 'XMP ') found.xmp = utf8(data);
    at += 8 + length + (length & 1);
  }
}

/** Some writers leave JPEG's own prefix in. */
const exifBlock = (data: Uint8Array) => new Uint8Array(textAt(data, 0, 6) === 'Exif\0\0' ? data.subarray(6) : data);

const utf8 = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

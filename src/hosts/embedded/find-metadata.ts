import { readIptc } from '../../pictures/iptc';
import { tags } from '../../pictures/exif-tags';
import { textAt, viewOf, type PictureMetadata } from '../../pictures/picture';
import { isDescription, isIptcProfile, rawProfile, readText, xmpIn, type PngText } from '../../pictures/png-text';
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

/** Pixels per inch as a JPEG or WebP says it; undefined where it does not, or says it without a unit. */
export function resolutionOf(bytes: Uint8Array, exif: Uint8Array | undefined): number | undefined {
  // JFIF's segment comes first: none, inch, centimetre.
  if (bytes.length > 16 && textAt(bytes, 6, 11) === 'JFIF\0' && bytes[13] !== 0) {
    const density = viewOf(bytes).getUint16(14);
    return density === 0 ? undefined : density * (bytes[13] === 1 ? 1 : 2.54);
  }
  // EXIF counts the same from one, and means inches where it does not say.
  const page = exif && readDirectories(exif).pages[0];
  const [value, unit] = [page?.number(tags.xResolution, 0) ?? 0, page?.number(tags.resolutionUnit, 2)];
  if (!(value > 0 && value < Infinity)) return undefined;
  return unit === 2 ? value : unit === 3 ? value * 2.54 : undefined;
}

/**
 * @param turned whether the pixels were turned as the file said, so that XMP, which may say so too, must not turn them again
 * @returns undefined where there is none
 */
export function uprightMetadata(
  { exif, xmp, iptc, text }: PictureMetadata,
  turned: boolean,
): PictureMetadata | undefined {
  if ((exif ?? xmp ?? iptc ?? text) === undefined) return undefined;
  return { exif, xmp: xmp !== undefined && turned ? carryXmp(xmp, { turned }) : xmp, iptc, text };
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
  const texts: PngText[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    const type = textAt(bytes, at + 4, at + 8);
    const data = bytes.subarray(at + 8, at + 8 + view.getUint32(at));
    if (type === 'eXIf') found.exif = exifBlock(data);
    const text = readText({ type, data });
    if (!text) continue;
    found.xmp = xmpIn({ type, data }) ?? found.xmp;
    const iptc = isIptcProfile(text) ? rawProfile(text.text) : null;
    if (iptc) found.iptc = readIptc(iptc) ?? undefined;
    if (isDescription(text)) texts.push(text);
  }
  if (texts.length > 0) found.text = texts;
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

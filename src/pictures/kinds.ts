/* eslint-disable no-control-regex -- files are told by their first bytes */
import { LWayError } from '../engine';
import { textAt } from './picture';

const signatures: readonly [string, RegExp][] = [
  ['PNG', /^\x89PNG\r\n/],
  ['JPEG', /^\xff\xd8\xff/],
  ['WebP', /^RIFF[^]{4}WEBP/],
  ['camera raw', /^(FUJIFILM|[^]{4}ftypcrx |FOVb|\0MRM|IIRO|IIRS|IIU\0)/],
  ['TIFF', /^(II[*+]\0|MM\0[*+])/],
  ['GIF', /^GIF8[79]a/],
  ['animated AVIF', /^[^]{4}ftypavis/],
  ['AVIF', /^[^]{4}ftypavif/],
  ['AVIF', /^[^]{4}ftyp(mif1|miaf)[^]{0,16}avif/],
  ['HEIC', /^[^]{4}ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)/],
  ['JPEG XL', /^(\xff\x0a|\0\0\0\x0cJXL )/],
  ['JPEG 2000', /^(\0\0\0\x0cjP {2}|\xff\x4f\xff\x51)/],
  ['OpenEXR', /^\x76\x2f\x31\x01/],
  ['Radiance HDR', /^#\?(RADIANCE|RGBE)/],
  ['PDF', /^%PDF/],
  ['GIMP', /^gimp xcf/],
  ['Krita', /^PK\x03\x04/],
  ['DDS', /^DDS /],
  ['QOI', /^qoif/],
  ['icon', /^\0\0[\x01\x02]\0/],
  ['video', /^([^]{4}ftyp(isom|iso2|mp4[12]|M4V |qt {2}|avc1)|\x1a\x45\xdf\xa3)/],
];

/** The kind of file by its first 32 bytes; names and types that come with a file are often wrong. */
export function kindOf(start: Uint8Array): string | null {
  const text = textAt(start, 0, 32);
  return signatures.find(([, signature]) => signature.test(text))?.[0] ?? null;
}

const rawAdvice = 'Develop it in a raw converter and export it as 16-bit TIFF.';
const exportAdvice = 'Export it as PNG or high-quality JPEG first.';

/** Kinds that are known by their first bytes and cannot be read: what they are, and what to do. */
const foreignKinds: Readonly<Record<string, readonly [what: string, advice: string]>> = {
  'camera raw': ['a camera raw file', rawAdvice],
  HEIC: ['a HEIC picture', exportAdvice],
  'JPEG XL': ['a JPEG XL picture', exportAdvice],
  'JPEG 2000': ['a JPEG 2000 picture', exportAdvice],
  OpenEXR: ['an OpenEXR picture', 'Export it as 32-bit TIFF first.'],
  'Radiance HDR': ['a Radiance HDR picture', 'Export it as 32-bit TIFF first.'],
  PDF: ['a PDF document', 'Export the page as PNG at the size you want.'],
  GIMP: ['a GIMP file', 'Export it as PNG or TIFF from GIMP first.'],
  Krita: ['a packed file (Krita, OpenRaster or ZIP)', 'Export the picture in it as PNG first.'],
  DDS: ['a DDS texture', exportAdvice],
  QOI: ['a QOI picture', exportAdvice],
  icon: ['an icon', exportAdvice],
  video: ['a video', 'Export the frame you want as PNG first.'],
};

/** The error for a file of a kind that is known and not read; null for others. */
export function foreign(kind: string | null, name: string): LWayError | null {
  const found = kind === null ? undefined : foreignKinds[kind];
  return found ? new LWayError('unsupported', `${name} is ${found[0]}, which LWay does not read.`, found[1]) : null;
}

/** Whether a text file is an SVG drawing: its root element, after what may stand before that. */
export function isSvg(bytes: Uint8Array): boolean {
  const text = textAt(bytes, 0, 4096).replace(/^\xef\xbb\xbf/, '');
  return /^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*(<!DOCTYPE\s+svg[^[>]*(\[[^\]]*\])?[^>]*>\s*)?(<!--[^]*?-->\s*)*<(\w+:)?svg[\s>]/i.test(
    text,
  );
}

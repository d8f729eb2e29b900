import { colourOfCodes, colourOfPng, type Colour } from '../../engine';
import { textAt, viewOf } from '../../pictures/picture';

/** Boxes that lead to `colr`, with the bytes that each has before its children. */
const path: Readonly<Record<string, number>> = { meta: 4, iprp: 0, ipco: 0 };

/** Contents of the `colr` boxes of an AVIF file (ISO/IEC 14496-12) that begin with one of `types`. */
export function* colourBoxes(
  bytes: Uint8Array,
  types: readonly string[],
  from = 0,
  to = bytes.length,
): Generator<Uint8Array> {
  const view = viewOf(bytes);
  for (let at = from; at + 8 <= to;) {
    const length = view.getUint32(at) || to - at;
    if (length < 8) return;
    const type = textAt(bytes, at + 4, at + 8);
    if (type in path) yield* colourBoxes(bytes, types, at + 8 + path[type]!, Math.min(to, at + length));
    if (type === 'colr' && types.includes(textAt(bytes, at + 8, at + 12))) yield bytes.slice(at + 12, at + length);
    at += length;
  }
}

/** Colour that a file gives by numbers instead of a profile; null for sRGB, and where nothing can be read. */
export function colourByNumbers(bytes: Uint8Array, format: 'png' | 'avif'): Colour | null {
  try {
    if (format === 'png') return ofPng(bytes);
    const [codes] = colourBoxes(bytes, ['nclx']);
    return codes && codes.length >= 4 ? colourOfCodes(viewOf(codes).getUint16(0), viewOf(codes).getUint16(2)) : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** In the order of precedence that the standard gives (PNG, third edition, 4.3): cICP, iCCP, sRGB, gAMA with cHRM. */
function ofPng(bytes: Uint8Array): Colour | null {
  const chunks = new Map<string, DataView>();
  const view = viewOf(bytes);
  for (let at = 8; at + 12 <= bytes.length;) {
    const [length, type] = [view.getUint32(at), textAt(bytes, at + 4, at + 8)];
    if (type === 'IDAT') break;
    if (at + 12 + length <= bytes.length) chunks.set(type, viewOf(bytes.subarray(at + 8, at + 8 + length)));
    at += 12 + length;
  }
  const codes = chunks.get('cICP');
  if (codes) return colourOfCodes(codes.getUint8(0), codes.getUint8(1));
  if (chunks.has('iCCP') || chunks.has('sRGB')) return null;
  const gamma = chunks.get('gAMA')?.getUint32(0);
  const values = chunks.get('cHRM');
  const chromaticities = values && Array.from({ length: 8 }, (_, i) => values.getUint32(4 * i) / 100_000);
  return colourOfPng(gamma ? gamma / 100_000 : null, chromaticities ?? null);
}

/** What a person should know of a picture made for brighter screens than most; undefined for others. */
export function hdrNotice(colour: Colour | null, bytes: Uint8Array): string | undefined {
  const transfer = colour?.transfer;
  if (transfer === 'pq' || transfer === 'hlg')
    return `is an HDR picture (${transfer === 'pq' ? 'PQ' : 'HLG'}); it is shown and exported as an ordinary one, and looks pale.`;
  // Both are told at the beginning of a JPEG.
  if (/hdr-gain-map|HDRGainMap|urn:iso:std:iso:ts:21496:-1/.test(textAt(bytes, 0, 1 << 16)))
    return 'has a gain map, which brightens it on HDR screens; it is left out.';
  return undefined;
}

import { colourOfCodes, type Colour } from '../../engine';
import { textAt, viewOf } from '../../pictures/picture';
import { readColour } from '../shared/colour';

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

/** Colour that an AVIF file gives by numbers instead of a profile; null for sRGB, and where nothing can be read. */
export function avifColour(bytes: Uint8Array): Colour | null {
  return readColour(() => {
    const [codes] = colourBoxes(bytes, ['nclx']);
    return codes && codes.length >= 4 ? colourOfCodes(viewOf(codes).getUint16(0), viewOf(codes).getUint16(2)) : null;
  });
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

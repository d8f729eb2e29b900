import { colourOfCodes, colourOfPng, type Colour } from '../../engine';
import { textAt, viewOf } from '../../pictures/picture';

/** What `read` finds; null where the file ends too early. */
export function readColour(read: () => Colour | null): Colour | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Colour that a PNG gives by numbers instead of a profile; null for sRGB, and where nothing can be read. */
export const pngColour = (bytes: Uint8Array): Colour | null => readColour(() => colourOf(bytes));

/** In the order of precedence that the standard gives (PNG, third edition, 4.3): cICP, iCCP, sRGB, gAMA with cHRM. */
function colourOf(bytes: Uint8Array): Colour | null {
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

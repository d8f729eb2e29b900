import { colourBoxes } from './colour';

/**
 * The ICC profile inside a JPEG, WebP or AVIF file, which browsers decode without telling. Formats: ICC.1:2022 annex B
 * (JPEG's APP2 chunks), the WebP container specification (ICCP), ISO/IEC 14496-12 (colr box). A file without a readable
 * profile gives undefined: its values are then taken for sRGB, as browsers do.
 */
export function embeddedProfile(bytes: Uint8Array, format: 'jpeg' | 'webp' | 'avif'): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const profile =
      format === 'jpeg'
        ? fromJpeg(bytes, view)
        : format === 'webp'
          ? fromWebp(bytes, view)
          : colourBoxes(bytes, ['prof', 'rICC']).next().value;
    // A profile says its own length first and has "acsp" at byte 36.
    return profile && text(profile, 36, 40) === 'acsp' ? profile : undefined;
  } catch {
    return undefined;
  }
}

const text = (bytes: Uint8Array, from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));

function fromJpeg(bytes: Uint8Array, view: DataView): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    if (marker === 0xda) break; // the picture's data begins
    const length = view.getUint16(at + 2);
    // A profile longer than one segment comes in numbered parts.
    if (marker === 0xe2 && text(bytes, at + 4, at + 15) === 'ICC_PROFILE') {
      parts[bytes[at + 16]!] = bytes.subarray(at + 18, at + 2 + length);
    }
    at += 2 + length;
  }
  const whole = parts.filter(Boolean);
  if (whole.length === 0) return undefined;
  const profile = new Uint8Array(whole.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of whole) {
    profile.set(part, to);
    to += part.length;
  }
  return profile;
}

function fromWebp(bytes: Uint8Array, view: DataView): Uint8Array | undefined {
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true);
    if (text(bytes, at, at + 4) === 'ICCP') return bytes.slice(at + 8, at + 8 + length);
    at += 8 + length + (length & 1);
  }
  return undefined;
}

/** The colour space that a profile is for: `RGB`, `GRAY`, `CMYK`. */
export const profileSpace = (profile: Uint8Array): string => text(profile, 16, 20).trim();

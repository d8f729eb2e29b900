/**
 * The ICC profile inside a JPEG, WebP or AVIF file, which browsers decode without telling. Formats: ICC.1:2022 annex B
 * (JPEG's APP2 chunks), the WebP container specification (ICCP), ISO/IEC 14496-12 (colr box). A file without a readable
 * profile gives undefined: its values are then taken for sRGB, as browsers do.
 */
export function embeddedProfile(bytes: Uint8Array, format: 'jpeg' | 'webp' | 'avif'): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const profile =
      format === 'jpeg' ? fromJpeg(bytes, view) : format === 'webp' ? fromWebp(bytes, view) : fromAvif(bytes, view);
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

/** Boxes that lead to `colr`, with the bytes that each has before its children. */
const path: Record<string, number> = { meta: 4, iprp: 0, ipco: 0 };

function fromAvif(bytes: Uint8Array, view: DataView, from = 0, to = bytes.length): Uint8Array | undefined {
  for (let at = from; at + 8 <= to;) {
    const length = view.getUint32(at) || to - at;
    if (length < 8) return undefined;
    const type = text(bytes, at + 4, at + 8);
    if (type in path) {
      const found = fromAvif(bytes, view, at + 8 + path[type]!, at + length);
      if (found) return found;
    }
    if (type === 'colr' && ['prof', 'rICC'].includes(text(bytes, at + 8, at + 12))) {
      return bytes.slice(at + 12, at + length);
    }
    at += length;
  }
  return undefined;
}

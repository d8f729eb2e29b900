// Base64 (RFC 4648, section 4) between bytes and text. A message to or from Photoshop's WebView is JSON text, and base64
// is what survives that at 4 characters for 3 bytes; the engine's own conversion is used where it has one.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Two characters for each 12 bits, the first in the low byte: one lookup and one store for 1½ bytes. */
const pairs = new Uint16Array(4096);
for (let i = 0; i < 4096; i++) pairs[i] = alphabet.charCodeAt(i >> 6) | (alphabet.charCodeAt(i & 63) << 8);

const INVALID = 0x80;
const values = new Uint8Array(256).fill(INVALID);
for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;

interface NativeBase64 {
  toBase64?: () => string;
}
interface NativeBase64Constructor {
  fromBase64?: (text: string) => Uint8Array;
}

export function encodeBase64(bytes: Uint8Array): string {
  const native = bytes as NativeBase64;
  return native.toBase64 ? native.toBase64() : encodePortably(bytes);
}

/** @throws TypeError or SyntaxError where `text` is not base64 */
export function decodeBase64(text: string): Uint8Array {
  const native = Uint8Array as NativeBase64Constructor;
  return native.fromBase64 ? native.fromBase64(text) : decodePortably(text);
}

/** What {@link encodeBase64} does where the JavaScript engine has no conversion of its own (Photoshop's). */
export function encodePortably(bytes: Uint8Array): string {
  const whole = bytes.length - (bytes.length % 3);
  const codes = new Uint16Array(Math.ceil(bytes.length / 3) * 2);
  let to = 0;
  for (let from = 0; from < whole; from += 3) {
    const middle = bytes[from + 1]!;
    codes[to++] = pairs[(bytes[from]! << 4) | (middle >> 4)]!;
    codes[to++] = pairs[((middle & 15) << 8) | bytes[from + 2]!]!;
  }
  if (whole < bytes.length) {
    const two = bytes.length - whole === 2;
    const middle = two ? bytes[whole + 1]! : 0;
    codes[to++] = pairs[(bytes[whole]! << 4) | (middle >> 4)]!;
    const last = pairs[(middle & 15) << 8]! & 0xff;
    codes[to++] = ((two ? last : 0x3d) | (0x3d << 8)) & 0xffff;
  }
  return latin1(new Uint8Array(codes.buffer));
}

/** What {@link decodeBase64} does where the JavaScript engine has no conversion of its own. */
export function decodePortably(text: string): Uint8Array {
  if (text.length % 4 !== 0) throw new TypeError('This is not base64: its length is not a multiple of 4.');
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const whole = padding ? text.length - 4 : text.length;
  let invalid = 0;
  let wide = 0;
  let to = 0;
  for (let from = 0; from < whole; from += 4) {
    // Written out, not by `value`: this loop is what carrying pixels costs.
    const p = text.charCodeAt(from);
    const q = text.charCodeAt(from + 1);
    const r = text.charCodeAt(from + 2);
    const s = text.charCodeAt(from + 3);
    wide |= p | q | r | s;
    const a = values[p & 255]!;
    const b = values[q & 255]!;
    const c = values[r & 255]!;
    const d = values[s & 255]!;
    invalid |= a | b | c | d;
    bytes[to++] = (a << 2) | (b >> 4);
    bytes[to++] = (b << 4) | (c >> 2);
    bytes[to++] = (c << 6) | d;
  }
  if (wide > 255) invalid |= INVALID;
  if (padding) {
    const a = value(text, whole);
    const b = value(text, whole + 1);
    const c = padding === 1 ? value(text, whole + 2) : 0;
    invalid |= a | b | c;
    bytes[to++] = (a << 2) | (b >> 4);
    if (padding === 1) bytes[to] = (b << 4) | (c >> 2);
  }
  if (invalid & INVALID) throw new TypeError('This is not base64: it has characters of no value.');
  return bytes;
}

function value(text: string, index: number): number {
  const code = text.charCodeAt(index);
  return code < 256 ? values[code]! : INVALID;
}

/** Longest list of arguments that every engine takes. */
const ARGUMENTS = 8192;

function latin1(codes: Uint8Array): string {
  if (typeof TextDecoder === 'function') return new TextDecoder('latin1').decode(codes);
  const parts: string[] = [];
  for (let from = 0; from < codes.length; from += ARGUMENTS) {
    parts.push(String.fromCharCode.apply(null, codes.subarray(from, from + ARGUMENTS) as unknown as number[]));
  }
  return parts.join('');
}

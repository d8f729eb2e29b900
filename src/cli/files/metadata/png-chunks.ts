import { deflateSync, inflateSync } from 'node:zlib';
import type { ByteReader } from '../tiff/directory';

/** PNG (third edition): chunks of length, type, data and a checksum behind eight bytes of signature. */
export interface PngChunk {
  readonly type: string;
  readonly data: Buffer;
}

export const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** Text beyond this is no description. */
const mostText = 1 << 24;

/**
 * The chunks before the pixels and behind them, those of `types` with their data.
 * @returns also where the first chunk of pixels begins
 */
export async function readChunks(reader: ByteReader, types: RegExp): Promise<{ chunks: PngChunk[]; pixelsAt: number }> {
  const chunks: PngChunk[] = [];
  let pixelsAt = 0;
  for (let at = pngSignature.length; at + 12 <= reader.size;) {
    const head = await reader.read(at, 8);
    if (head.length < 8) break;
    const length = head.readUInt32BE(0);
    const type = head.toString('latin1', 4, 8);
    if (type === 'IDAT' && pixelsAt === 0) pixelsAt = at;
    if (types.test(type) && length <= mostText) {
      const data = await reader.read(at + 8, length);
      if (data.length < length) break;
      chunks.push({ type, data });
    }
    at += 12 + length;
  }
  return { chunks, pixelsAt };
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let sum = n;
  for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  return sum >>> 0;
});

export function writeChunk({ type, data }: PngChunk): Buffer {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  let sum = ~0;
  for (let at = 4; at < 8 + data.length; at++) sum = (sum >>> 8) ^ table[(sum ^ out[at]!) & 255]!;
  out.writeUInt32BE(~sum >>> 0, 8 + data.length);
  return out;
}

/** A keyword and what it says. */
export interface PngText {
  readonly keyword: string;
  readonly text: string;
}

/** tEXt, zTXt and iTXt; `null` for other chunks and damaged ones. */
export function readText({ type, data }: PngChunk): PngText | null {
  const zero = data.indexOf(0);
  if (zero < 1) return null;
  const keyword = data.toString('latin1', 0, zero);
  const inflate = (bytes: Buffer) => inflateSync(bytes, { maxOutputLength: mostText });
  try {
    switch (type) {
      case 'tEXt':
        return { keyword, text: data.toString('latin1', zero + 1) };
      case 'zTXt':
        return { keyword, text: inflate(data.subarray(zero + 2)).toString('latin1') };
      case 'iTXt': {
        const language = data.indexOf(0, zero + 3);
        const translated = data.indexOf(0, language + 1);
        if (language < 0 || translated < 0) return null;
        const text = data.subarray(translated + 1);
        return { keyword, text: (data[zero + 1] === 1 ? inflate(text) : text).toString('utf8') };
      }
      default:
        return null;
    }
  } catch {
    return null;
  }
}

/** In the plainest kind of chunk that holds it. */
export function writeText({ keyword, text }: PngText): PngChunk {
  const key = Buffer.from(`${keyword}\0`, 'latin1');
  // Beyond ASCII readers differ about which letters are meant, but for the kind that is in UTF-8.
  if (/^[\n\x20-\x7e]*$/.test(text)) {
    if (text.length < 1024) return { type: 'tEXt', data: Buffer.concat([key, Buffer.from(text, 'latin1')]) };
    return { type: 'zTXt', data: Buffer.concat([key, Buffer.alloc(1), deflateSync(Buffer.from(text, 'latin1'))]) };
  }
  const long = text.length >= 1024;
  const bytes = Buffer.from(text, 'utf8');
  const flags = Buffer.from([long ? 1 : 0, 0, 0, 0]);
  return { type: 'iTXt', data: Buffer.concat([key, flags, long ? deflateSync(bytes) : bytes]) };
}

/** Bytes that ImageMagick's convention hides in text: a name, a length, hexadecimal digits. */
export function rawProfile(text: string): Buffer | null {
  const match = /^\s*\w+\s+(\d+)\s+([0-9a-f\s]+)$/i.exec(text);
  return match ? Buffer.from(match[2]!.replace(/\s/g, ''), 'hex') : null;
}

export function writeRawProfile(kind: string, bytes: Buffer): PngText {
  const lines = bytes.toString('hex').match(/.{1,72}/g) ?? [];
  const text = `\n${kind}\n${String(bytes.length).padStart(8)}\n${lines.join('\n')}\n`;
  return { keyword: `Raw profile type ${kind}`, text };
}

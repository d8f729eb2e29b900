import { mostText, type PngChunk } from '../../../pictures/png-text';
import type { ByteReader } from '../tiff/directory';

/** What a PNG (third edition) begins with, before chunks of length, type, data and a checksum. */
export const pngSignature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/**
 * The chunks before the pixels and behind them, those of `types` with their data.
 * @returns also where the first chunk of pixels begins
 */
export async function readChunks(
  reader: ByteReader,
  types: RegExp,
): Promise<{ chunks: (PngChunk & { readonly data: Buffer })[]; pixelsAt: number }> {
  const chunks: (PngChunk & { readonly data: Buffer })[] = [];
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
  out.set(data, 8);
  let sum = ~0;
  for (let at = 4; at < 8 + data.length; at++) sum = (sum >>> 8) ^ table[(sum ^ out[at]!) & 255]!;
  out.writeUInt32BE(~sum >>> 0, 8 + data.length);
  return out;
}

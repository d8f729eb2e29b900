import { checkPixels, cutOff, unsupported, viewOf, type Picture } from './picture';

/** Windows bitmaps: 1, 4 and 8 bits with a palette, 24 and 32 bits. */
export function readBmp(bytes: Uint8Array): Picture {
  const view = viewOf(bytes);
  const [start, header] = [view.getUint32(10, true), view.getUint32(14, true)];
  if (header < 40) throw unsupported('is an OS/2 bitmap');
  const [width, rows] = [view.getInt32(18, true), view.getInt32(22, true)];
  const [bits, compression] = [view.getUint16(28, true), view.getUint32(30, true)];
  const height = Math.abs(rows);
  checkPixels(width, height);
  const masked = compression === 3 && bits === 32;
  if (compression !== 0 && !masked) throw unsupported('is a compressed bitmap');
  if (![1, 4, 8, 24, 32].includes(bits)) throw unsupported(`is a bitmap of ${bits} bits`);
  const mask = (at: number) => view.getUint32(at, true);
  const shifts = masked ? [0, 4, 8].map((i) => 31 - Math.clz32(mask(54 + i) & -mask(54 + i))) : [16, 8, 0];
  const palette = 14 + header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > bytes.length) throw cutOff();
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, o = 0; y < height; y++) {
    const row = start + (rows > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++, o += 3) {
      if (bits === 32) {
        const value = view.getUint32(row + 4 * x, true);
        for (let c = 0; c < 3; c++) data[o + c] = (value >>> shifts[c]!) & 255;
        continue;
      }
      const bit = x * bits;
      const at =
        bits === 24
          ? row + 3 * x
          : palette + 4 * ((bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1));
      for (let c = 0; c < 3; c++) data[o + c] = bytes[at + 2 - c]!;
    }
  }
  return { width, height, channels: 3, data };
}

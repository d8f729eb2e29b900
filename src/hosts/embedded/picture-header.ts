import { textAt, viewOf } from '../../pictures/picture';

/** Colours of a JPEG by its frame header: 1 gray, 3 colour, 4 CMYK; 3 where it cannot be found. */
export function jpegComponents(bytes: Uint8Array): number {
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!;
    // Frames of any kind, apart from tables and extensions with numbers among theirs.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return bytes[at + 9]!;
    if (marker === 0xda) break;
    at += marker === 0xff ? 1 : 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  return 3;
}

/** Whether there are more pictures in the file than the first. */
export function isAnimated(bytes: Uint8Array, format: 'png' | 'jpeg' | 'webp' | 'avif' | 'gif'): boolean {
  switch (format) {
    case 'png':
      return chunkBefore(bytes, 'acTL', 'IDAT');
    case 'webp':
      return textAt(bytes, 12, 16) === 'VP8X' && (bytes[20]! & 2) !== 0;
    case 'avif':
      return textAt(bytes, 8, 12) === 'avis';
    case 'gif':
      return framesOfGif(bytes) > 1;
    case 'jpeg':
      return false;
  }
}

function chunkBefore(png: Uint8Array, wanted: string, end: string): boolean {
  const view = viewOf(png);
  for (let at = 8; at + 12 <= png.length; at += 12 + view.getUint32(at)) {
    const type = textAt(png, at + 4, at + 8);
    if (type === wanted) return true;
    if (type === end) return false;
  }
  return false;
}

/** Up to two: GIF89a, 18 to 26: blocks that begin with what they are, with sub-blocks that begin with their length. */
function framesOfGif(gif: Uint8Array): number {
  const table = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
  let frames = 0;
  let at = 13 + table(gif[10]!);
  while (at < gif.length && frames < 2) {
    if (gif[at] === 0x21) at += 2;
    else if (gif[at] === 0x2c) {
      frames++;
      at += 11 + table(gif[at + 9]!);
    } else break;
    while (at < gif.length && gif[at] !== 0) at += 1 + gif[at]!;
    at++;
  }
  return frames;
}

import { Unzlib } from 'fflate';
import { Decompress } from 'fzstd';
import { cutOff, Damaged, unsupported } from '../picture';

/** Unpacks a strip or tile. @param wanted bytes that it holds at least */
export type Decoder = (stored: Uint8Array, wanted: number) => Uint8Array;

const names: Readonly<Record<number, string>> = {
  2: 'CCITT',
  3: 'CCITT',
  4: 'CCITT',
  6: 'JPEG',
  7: 'JPEG',
  34925: 'LZMA',
  50001: 'WebP',
  34887: 'LERC',
  34712: 'JPEG 2000',
};

/** By TIFF's number of the compression. @throws LWayError `unsupported` */
export function decoderOf(compression: number): Decoder {
  switch (compression) {
    case 1:
      return (stored) => stored;
    case 5:
      return unpackLzw;
    case 8:
    case 32946:
      return (stored, wanted) => unpackWith((take) => new Unzlib(take), 1 << 16, stored, wanted);
    case 32773:
      return unpackBits;
    case 50000:
      return (stored, wanted) => unpackWith((take) => new Decompress(take), 1 << 12, stored, wanted);
    default:
      throw unsupported(
        `is a TIFF compressed by ${names[compression] ?? `method ${compression}`}`,
        'Save it with LZW, ZIP or no compression first.',
      );
  }
}

/** How many times smaller than its content a packed piece can be; beyond it a file claims what it cannot hold. */
export function mostShrunk(compression: number): number {
  const most: Readonly<Record<number, number>> = { 1: 1, 5: 2731, 8: 1032, 32946: 1032, 32773: 64 };
  return most[compression] ?? 40_000;
}

/**
 * Unpacks no more than is wanted, whatever lies in the piece.
 * @param step bytes that are put in at once: what they hold at most is what takes memory
 */
function unpackWith(
  begin: (take: (some: Uint8Array) => void) => { push(some: Uint8Array, last?: boolean): void },
  step: number,
  stored: Uint8Array,
  wanted: number,
): Uint8Array {
  const out = new Uint8Array(wanted);
  let o = 0;
  const stream = begin((some) => {
    const part = some.subarray(0, wanted - o);
    out.set(part, o);
    o += part.length;
  });
  for (let at = 0; at < stored.length && o < wanted; at += step) {
    // A stream that ends where its piece does not is told so only when something is missing.
    stream.push(stored.subarray(at, at + step), false);
  }
  if (o < wanted) throw cutOff();
  return out;
}

/** TIFF 6.0, section 9. */
function unpackBits(stored: Uint8Array, wanted: number): Uint8Array {
  const out = new Uint8Array(wanted);
  let o = 0;
  for (let at = 0; at < stored.length && o < wanted;) {
    const head = stored[at++]!;
    if (head < 128) {
      const end = Math.min(at + head + 1, stored.length);
      for (; at < end && o < wanted; at++) out[o++] = stored[at]!;
    } else if (head > 128) {
      const end = Math.min(o + 257 - head, wanted);
      out.fill(stored[at++] ?? 0, o, end);
      o = end;
    }
  }
  if (o < wanted) throw cutOff();
  return out;
}

const [clear, endOfInformation, mostCodes] = [256, 257, 4096];

/** TIFF 6.0, section 13: codes of 9 to 12 bits, highest bit first, that grow one code early. */
function unpackLzw(stored: Uint8Array, wanted: number): Uint8Array {
  if (stored[0] === 0 && (stored[1]! & 1) === 1) throw unsupported('is a TIFF with old-style LZW');
  const out = new Uint8Array(wanted);
  // A code stands for a piece of what is unpacked already.
  const from = new Uint32Array(mostCodes + 1);
  const length = new Uint32Array(mostCodes + 1);
  let [o, bits, held, at, width, next] = [0, 0, 0, 0, 9, 258];
  let before: number | null = null;
  const put = (source: number, count: number) => {
    const end = Math.min(o + count, wanted);
    while (o < end) out[o++] = out[source++]!;
  };
  while (o < wanted) {
    while (bits < width) {
      if (at >= stored.length) throw cutOff();
      held = ((held << 8) | stored[at++]!) & 0xffffff;
      bits += 8;
    }
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === endOfInformation) throw cutOff();
    if (code === clear) {
      [width, next, before] = [9, 258, null];
      continue;
    }
    const start = o;
    if (code < clear) out[o++] = code;
    else if (code < next && before !== null) put(from[code]!, length[code]!);
    else if (code === next && before !== null) put(start - before, before + 1);
    else throw new Damaged('a code in it means nothing');
    if (before !== null && next < mostCodes) {
      from[next] = start - before;
      length[next] = before + 1;
      next++;
      if (next >= (1 << width) - 1 && width < 12) width++;
    }
    before = o - start;
  }
  return out;
}

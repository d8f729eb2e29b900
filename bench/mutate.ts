/** A whole number below `below`. */
export type Random = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function generator(seed: number): Random {
  let state = (seed + 0x9e3779b9) | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Numbers at which readers stumble. */
const odd = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000, 30_000, 100_000,
];

/** One to four changes: cut, bits flipped, numbers replaced (more often near the beginning), pieces left out, doubled, taken from others. */
export function mutate(random: Random, sound: Buffer, others: readonly Buffer[]): Buffer {
  let bytes = Buffer.from(sound);
  const place = () => random(random(2) === 0 ? Math.min(bytes.length, 512) : bytes.length);
  for (let change = 1 + random(4); change > 0 && bytes.length > 0; change--) {
    switch (random(7)) {
      case 0:
        bytes = bytes.subarray(0, random(bytes.length));
        break;
      case 1:
        for (let i = 1 + random(20); i > 0; i--) {
          const at = place();
          bytes[at] = bytes[at]! ^ (1 << random(8));
        }
        break;
      case 2:
      case 3: {
        const size = [1, 2, 4][random(3)]!;
        const at = Math.min(place(), Math.max(0, bytes.length - size));
        const value = odd[random(odd.length)]! % 2 ** (8 * size);
        if (at + size > bytes.length) break;
        if (random(2) === 0) bytes.writeUIntLE(value, at, size);
        else bytes.writeUIntBE(value, at, size);
        break;
      }
      case 4: {
        const at = place();
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(64))]);
        break;
      }
      case 5: {
        const [at, length] = [place(), 1 + random(200)];
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      }
      default: {
        const other = others[random(others.length)]!;
        const [at, from] = [place(), random(other.length)];
        other.copy(bytes, at, from, from + 1 + random(300));
      }
    }
  }
  return bytes;
}

/** One to three changes to a text of elements: numbers replaced, elements left out, doubled or put inside of each other. */
export function mutateText(random: Random, sound: string): string {
  let text = sound;
  const pick = (pattern: RegExp) => {
    const found = [...text.matchAll(pattern)];
    return found[random(found.length)];
  };
  for (let change = 1 + random(3); change > 0; change--) {
    const [number, element] = [pick(/\d+/g), pick(/<(\w+)[^<>]*\/>/g)];
    const replace = (match: RegExpExecArray | undefined, by: string) => {
      if (match) text = text.slice(0, match.index) + by + text.slice(match.index + match[0].length);
    };
    switch (random(4)) {
      case 0:
        replace(number, String([0, -1, 1e9, 1e-9, 99_999, 'NaN', '1e400', 65_536][random(8)]));
        break;
      case 1:
        replace(element, '');
        break;
      case 2:
        replace(element, element?.[0].repeat(1 + random(500)) ?? '');
        break;
      default:
        replace(element, `<g transform="scale(${random(100)})">`.repeat(random(300)) + element?.[0]);
        if (random(2) === 0) text += '</g>'.repeat(random(300));
    }
  }
  return text;
}

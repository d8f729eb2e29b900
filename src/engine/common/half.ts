// IEEE 754 binary16 ("half"), the element type of networks exported as fp16.

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** float32 → the nearest half (ties to even), as its 16 bits; too large becomes infinity. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = (bitsOf(value) >>> 16) & 0x8000;
  const size = bitsOf(Math.abs(value));
  // Below 2^-14 halves are spaced evenly, 2^-24 apart, as floats are from a half to one: adding a half rounds.
  if (size < 0x38800000) return sign | (bitsOf(Math.abs(value) + 0.5) & 0xffff);
  const rounded = size + 0xfff + ((size >>> 13) & 1);
  return sign | Math.min(0x7c00, (rounded - 0x38000000) >>> 13);
}

/** The 32 bits of a number as a float. */
function bitsOf(value: number): number {
  float[0] = value;
  return bits[0]!;
}

/** The 16 bits of a half → its value. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function toHalves(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, toHalf);
}

let table: Float32Array | null = null;

export function fromHalves(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, half) => fromHalf(half));
  const result = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) result[i] = table[halves[i]!]!;
  return result;
}

/** The value of a bfloat16 given by its bits: the upper half of a float32. */
export function bfloat16ToFloat(brain: number): number {
  bits[0] = (brain & 0xffff) << 16;
  return float[0]!;
}

/** The value of a float16 (IEEE 754 binary16) given by its bits. */
export function float16ToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The value of a bfloat16 given by its bits: the upper half of a float32. */
export function bfloat16ToFloat(bits: number): number {
  word[0] = (bits & 0xffff) << 16;
  return float[0]!;
}

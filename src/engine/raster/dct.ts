/** Side of the blocks that JPEG and the noise measures use. */
export const BLOCK = 8;

/** Orthonormal DCT-II, row k the basis function of frequency k (Ahmed, Natarajan, Rao 1974). */
const basis = new Float32Array(BLOCK * BLOCK);
for (let k = 0; k < BLOCK; k++) {
  for (let i = 0; i < BLOCK; i++) {
    basis[k * BLOCK + i] = Math.sqrt((k === 0 ? 1 : 2) / BLOCK) * Math.cos(((2 * i + 1) * k * Math.PI) / (2 * BLOCK));
  }
}
const rows = new Float32Array(BLOCK * BLOCK);

/**
 * DCT of the 8 × 8 pixels of `plane` from `at` on, orthonormal: white noise of deviation s has deviation s in each
 * coefficient.
 *
 * @param width of the plane
 * @param out 64 values, vertical frequency first
 */
export function forwardDct(plane: Float32Array, at: number, width: number, out: Float32Array): void {
  for (let y = 0; y < BLOCK; y++) {
    const from = at + y * width;
    for (let k = 0; k < BLOCK; k++) {
      let sum = 0;
      for (let x = 0; x < BLOCK; x++) sum += basis[k * BLOCK + x]! * plane[from + x]!;
      rows[y * BLOCK + k] = sum;
    }
  }
  for (let k = 0; k < BLOCK; k++) {
    for (let column = 0; column < BLOCK; column++) {
      let sum = 0;
      for (let y = 0; y < BLOCK; y++) sum += basis[k * BLOCK + y]! * rows[y * BLOCK + column]!;
      out[k * BLOCK + column] = sum;
    }
  }
}

/** Inverse of {@link forwardDct}, added to what `plane` holds. */
export function addInverseDct(coefficients: Float32Array, plane: Float32Array, at: number, width: number): void {
  for (let y = 0; y < BLOCK; y++) {
    for (let column = 0; column < BLOCK; column++) {
      let sum = 0;
      for (let k = 0; k < BLOCK; k++) sum += basis[k * BLOCK + y]! * coefficients[k * BLOCK + column]!;
      rows[y * BLOCK + column] = sum;
    }
  }
  for (let y = 0; y < BLOCK; y++) {
    const to = at + y * width;
    for (let x = 0; x < BLOCK; x++) {
      let sum = 0;
      for (let k = 0; k < BLOCK; k++) sum += basis[k * BLOCK + x]! * rows[y * BLOCK + k]!;
      plane[to + x] = plane[to + x]! + sum;
    }
  }
}

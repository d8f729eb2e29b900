import type { Rect } from '../../../engine';
import type { Samples } from './samples';
import { typeOf, whiteOf } from './samples';

/** A mask in memory: one byte per pixel, 255 shows, row after row. */
export interface Mask {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A mask that is the same everywhere. */
export function uniformMask(width: number, height: number, value: number): Mask {
  return { width, height, data: new Uint8Array(width * height).fill(value) };
}

/** Writes part of a mask in any depth into `mask` at `rect`. */
export function fillMask(mask: Mask, rect: Rect, samples: Samples): void {
  const factor = 255 / whiteOf(typeOf(samples));
  for (let y = 0; y < rect.height; y++) {
    const from = y * rect.width;
    const to = (rect.y + y) * mask.width + rect.x;
    for (let x = 0; x < rect.width; x++) mask.data[to + x] = Math.round(samples[from + x]! * factor);
  }
}

/** `mask` weakened as Photoshop does for a density below 100 %, times `other`. */
export function multiplyMasks(mask: Mask, density: number, other: Mask | null): Mask {
  const data = mask.data.map((value, i) =>
    Math.round(((255 - density * (255 - value)) * (other ? other.data[i]! : 255)) / 255),
  );
  return { ...mask, data };
}

/** `mask` without what `shape`, of the same size, takes of it; null: all of it. */
export function cutOut({ width, height, data }: Mask, shape: Uint8Array | null): Mask {
  return { width, height, data: data.map((value, i) => Math.round((value * (255 - (shape ? shape[i]! : 255))) / 255)) };
}

/**
 * Part of `mask` scaled to `width`×`height`, bilinear, pixel centres on pixel centres, edges repeated.
 * @param rect which part of the scaled mask
 */
export function scaleMask(mask: Mask, width: number, height: number, rect: Rect): Uint8Array {
  const result = new Uint8Array(rect.width * rect.height);
  const columns = taps(rect.x, rect.width, mask.width / width, mask.width);
  const rows = taps(rect.y, rect.height, mask.height / height, mask.height);
  for (let y = 0; y < rect.height; y++) {
    const top = rows.first[y]! * mask.width;
    const bottom = rows.second[y]! * mask.width;
    const v = rows.weight[y]!;
    for (let x = 0; x < rect.width; x++) {
      const left = columns.first[x]!;
      const right = columns.second[x]!;
      const u = columns.weight[x]!;
      const above = mask.data[top + left]! * (1 - u) + mask.data[top + right]! * u;
      const below = mask.data[bottom + left]! * (1 - u) + mask.data[bottom + right]! * u;
      result[y * rect.width + x] = Math.round(above * (1 - v) + below * v);
    }
  }
  return result;
}

function taps(start: number, count: number, step: number, size: number) {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = (start + i + 0.5) * step - 0.5;
    const floor = Math.floor(at);
    first[i] = Math.min(size - 1, Math.max(0, floor));
    second[i] = Math.min(size - 1, Math.max(0, floor + 1));
    weight[i] = at - floor;
  }
  return { first, second, weight };
}

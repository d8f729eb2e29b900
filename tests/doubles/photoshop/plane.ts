import type { Depth } from './constants';
import { white } from './constants';

export type Samples = Uint8Array | Uint16Array | Float32Array;
export interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function makeSamples(depth: Depth, length: number): Samples {
  return depth === 8 ? new Uint8Array(length) : depth === 16 ? new Uint16Array(length) : new Float32Array(length);
}

/** Interleaved pixels somewhere in (or beside) a document; the last component is alpha where `alpha` says so. */
export interface Plane extends Edges {
  components: number;
  alpha: boolean;
  depth: Depth;
  data: Samples;
  /** A history state holds it, too: copy before writing. */
  frozen: boolean;
}

export function makePlane(edges: Edges, components: number, alpha: boolean, depth: Depth): Plane {
  const { left, top, right, bottom } = edges;
  const data = makeSamples(depth, (right - left) * (bottom - top) * components);
  return { left, top, right, bottom, components, alpha, depth, data, frozen: false };
}

export function indexOf(plane: Plane, x: number, y: number): number {
  return ((y - plane.top) * (plane.right - plane.left) + (x - plane.left)) * plane.components;
}

export function intersect(a: Edges, b: Edges): Edges {
  const left = Math.max(a.left, b.left);
  const top = Math.max(a.top, b.top);
  return {
    left,
    top,
    right: Math.max(left, Math.min(a.right, b.right)),
    bottom: Math.max(top, Math.min(a.bottom, b.bottom)),
  };
}

export function isEmpty({ left, top, right, bottom }: Edges): boolean {
  return right <= left || bottom <= top;
}

export function union(a: Edges, b: Edges): Edges {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  };
}

/** The part of `within` that has pixels which are not wholly transparent: what Photoshop trims to. */
export function contentOf(plane: Plane, within: Edges): Edges {
  const area = intersect(plane, within);
  if (!plane.alpha || isEmpty(area)) return area;
  let { right: left, bottom: top, left: right, top: bottom } = area;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      if (!(plane.data[indexOf(plane, x, y) + plane.components - 1]! > 0)) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return right > left ? { left, top, right, bottom } : { left: 0, top: 0, right: 0, bottom: 0 };
}

export function cropPlane(plane: Plane, edges: Edges): Plane {
  const result = makePlane(edges, plane.components, plane.alpha, plane.depth);
  const area = intersect(plane, edges);
  const count = (area.right - area.left) * plane.components;
  for (let y = area.top; y < area.bottom && count > 0; y++) {
    const from = indexOf(plane, area.left, y);
    result.data.set(plane.data.subarray(from, from + count), indexOf(result, area.left, y));
  }
  return result;
}

/** `source` written over `plane`, which grows where it must. Opaque source pixels get white alpha. */
export function writePlane(plane: Plane, source: Plane): Plane {
  const all = union(plane, source);
  const fits =
    plane.left === all.left && plane.right === all.right && plane.top === all.top && plane.bottom === all.bottom;
  const result = fits && !plane.frozen ? plane : cropPlane(plane, all);
  const colours = source.alpha ? source.components - 1 : source.components;
  for (let y = source.top; y < source.bottom; y++) {
    let from = indexOf(source, source.left, y);
    let to = indexOf(result, source.left, y);
    if (source.components === result.components) {
      result.data.set(source.data.subarray(from, from + (source.right - source.left) * source.components), to);
      continue;
    }
    for (let x = source.left; x < source.right; x++, from += source.components, to += result.components) {
      for (let c = 0; c < colours; c++) result.data[to + c] = source.data[from + c]!;
      if (result.alpha)
        result.data[to + result.components - 1] = source.alpha ? source.data[from + colours]! : white[result.depth];
    }
  }
  return result;
}

/** Nearest neighbour: what matters here is where things lie, not how nice they look. */
export function scalePlane(plane: Plane, sx: number, sy: number): Plane {
  const edges = {
    left: Math.round(plane.left * sx),
    top: Math.round(plane.top * sy),
    right: Math.round(plane.right * sx),
    bottom: Math.round(plane.bottom * sy),
  };
  const result = makePlane(edges, plane.components, plane.alpha, plane.depth);
  const clamp = (value: number, low: number, high: number) => Math.min(high - 1, Math.max(low, value));
  for (let y = edges.top; y < edges.bottom; y++) {
    const fromY = clamp(Math.floor((y + 0.5) / sy), plane.top, plane.bottom);
    for (let x = edges.left; x < edges.right; x++) {
      const from = indexOf(plane, clamp(Math.floor((x + 0.5) / sx), plane.left, plane.right), fromY);
      const to = indexOf(result, x, y);
      for (let c = 0; c < plane.components; c++) result.data[to + c] = plane.data[from + c]!;
    }
  }
  return result;
}

/** Straight alpha "over", the normal blend mode, in place; `opacity` 0..1. */
export function blendOver(
  below: Plane,
  above: Plane,
  opacity: number,
  mask: ((x: number, y: number) => number) | null,
): void {
  const max = white[below.depth];
  const area = intersect(below, above);
  const colours = below.components - 1;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      const from = indexOf(above, x, y);
      const to = indexOf(below, x, y);
      const a = (above.alpha ? above.data[from + above.components - 1]! / max : 1) * opacity * (mask ? mask(x, y) : 1);
      if (a === 0) continue;
      const b = below.data[to + colours]! / max;
      const out = a + b * (1 - a);
      for (let c = 0; c < colours; c++) {
        const value = (above.data[from + c]! * a + below.data[to + c]! * b * (1 - a)) / out;
        below.data[to + c] = below.depth === 32 ? value : Math.round(value);
      }
      below.data[to + colours] = below.depth === 32 ? out : Math.round(out * max);
    }
  }
}

import type { Rect } from '../../engine';

interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * The factor by which a region was enlarged, from its sizes in whole pixels: of all factors that round to `after`, the
 * roundest. A region of 32×19 that became 48×29 was enlarged by 1.5, though 29 / 19 is 1.526: with the document it lies in
 * enlarged by that, all would be distorted. Where no single factor fits, each axis has its own.
 */
export function factorOf(before: Size, after: Size): { x: number; y: number } {
  const low = Math.max((after.width - 0.5) / before.width, (after.height - 0.5) / before.height);
  const high = Math.min((after.width + 0.5) / before.width, (after.height + 0.5) / before.height);
  if (low > high) return { x: after.width / before.width, y: after.height / before.height };
  const exact = after.width / before.width;
  if (exact === after.height / before.height) return { x: exact, y: exact };
  for (const parts of [1, 2, 4, 10, 20, 100, 1e3, 1e4, 1e5, 1e6, 1e7]) {
    // A size that ends in exactly a half is rounded up: `low` itself fits, `high` does not.
    const nearest = Math.max(Math.ceil(low * parts), Math.min(Math.ceil(high * parts) - 1, Math.round(exact * parts)));
    if (nearest / parts < high) return { x: nearest / parts, y: nearest / parts };
  }
  return { x: (low + high) / 2, y: (low + high) / 2 };
}

/** The size of a document enlarged so that a result of size `after` lies where `bounds` lay. */
export function enlarged(document: Size, bounds: Size, after: Size): Size {
  const factor = factorOf(bounds, after);
  return {
    width: Math.max(1, Math.round(document.width * factor.x)),
    height: Math.max(1, Math.round(document.height * factor.y)),
  };
}

/** A rectangle of the document in the enlarged one: what touched before, touches after. */
export function enlargedRect({ x, y, width, height }: Rect, factor: { x: number; y: number }): Rect {
  const left = Math.round(x * factor.x);
  const top = Math.round(y * factor.y);
  return {
    x: left,
    y: top,
    width: Math.max(1, Math.round((x + width) * factor.x) - left),
    height: Math.max(1, Math.round((y + height) * factor.y) - top),
  };
}

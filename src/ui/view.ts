import type { Rect } from '../engine';

/** Where the document lies on the screen: document pixel `cx`,`cy` in the middle, `zoom` CSS pixels a document pixel. */
export interface View {
  cx: number;
  cy: number;
  zoom: number;
}

export const zoomSteps = [
  1 / 64,
  1 / 32,
  1 / 16,
  1 / 8,
  1 / 6,
  1 / 4,
  1 / 3,
  1 / 2,
  2 / 3,
  1,
  2,
  3,
  4,
  6,
  8,
  12,
  16,
  32,
] as const;

/** Shows the whole document with some room around it; small pictures are not enlarged beyond 8 times. */
export function fit(
  size: { width: number; height: number },
  screen: { width: number; height: number },
  room = 24,
): View {
  const zoom = Math.min((screen.width - 2 * room) / size.width, (screen.height - 2 * room) / size.height, 8);
  return { cx: size.width / 2, cy: size.height / 2, zoom: Math.max(zoom, 1 / 256) };
}

/** The same view at another zoom, with the document pixel under screen point `x`,`y` (from the middle) kept in place. */
export function zoomAt(view: View, zoom: number, x = 0, y = 0): View {
  const to = Math.min(32, Math.max(1 / 256, zoom));
  return { zoom: to, cx: view.cx + x / view.zoom - x / to, cy: view.cy + y / view.zoom - y / to };
}

export function stepZoom(zoom: number, direction: 1 | -1): number {
  const next =
    direction > 0
      ? zoomSteps.find((step) => step > zoom * 1.01)
      : [...zoomSteps].reverse().find((step) => step < zoom / 1.01);
  return next ?? zoom;
}

/** Whole pixels between two corners, kept inside the document; null when nothing is left. */
export function selectionBetween(
  a: { x: number; y: number },
  b: { x: number; y: number },
  size: { width: number; height: number },
): Rect | null {
  const clampX = (v: number) => Math.min(size.width, Math.max(0, Math.round(v)));
  const clampY = (v: number) => Math.min(size.height, Math.max(0, Math.round(v)));
  const x = Math.min(clampX(a.x), clampX(b.x));
  const y = Math.min(clampY(a.y), clampY(b.y));
  const width = Math.max(clampX(a.x), clampX(b.x)) - x;
  const height = Math.max(clampY(a.y), clampY(b.y)) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : null;
}

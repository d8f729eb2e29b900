import { copyRect, createRaster, grow, intersect, type PixelSource, type Rect, relativeTo } from '../engine';
import type { FinishedUpscale } from './run-upscale';
import type { PanelServices } from './services';

/** A piece of a result made anew with another strength. */
export interface StrengthPreview {
  readonly strength: number;
  /** Where it lies in the result. */
  readonly rect: Rect;
  readonly source: PixelSource;
}

/** Pixels of the original around a preview that the network sees as well, so that its edges are right. */
const margin = 20;
/** Longest side of a preview in pixels of the original: quick on any device. */
const longest = 112;

/**
 * Makes a piece of a finished upscale once more with `strength`, without learning anew.
 * @param wanted the part of the result that is looked at; cut down around its middle where it is large
 */
export async function previewStrength(
  signal: AbortSignal,
  { engine, createStore }: PanelServices,
  { before, after, learned, network, tuning }: FinishedUpscale,
  strength: number,
  wanted: Rect,
): Promise<StrengthPreview> {
  const sx = after.info.width / before.info.width;
  const sy = after.info.height / before.info.height;
  const axis = (start: number, length: number, scale: number, size: number): [number, number] => {
    const count = Math.min(longest, size, Math.ceil(length / scale));
    const first = Math.round((start + length / 2) / scale - count / 2);
    return [Math.min(size - count, Math.max(0, first)), count];
  };
  const [x, width] = axis(wanted.x, wanted.width, sx, before.info.width);
  const [y, height] = axis(wanted.y, wanted.height, sy, before.info.height);
  const all = { x: 0, y: 0, width: before.info.width, height: before.info.height };
  const seen = intersect(grow({ x, y, width, height }, margin), all)!;
  const source: PixelSource = {
    info: { ...before.info, width: seen.width, height: seen.height },
    read: (readSignal, rect) => before.read(readSignal, { ...rect, x: rect.x + seen.x, y: rect.y + seen.y }),
  };
  const size = { width: Math.round(seen.width * sx), height: Math.round(seen.height * sy) };
  const store = createStore();
  try {
    const { weights } = learned!;
    await engine.upscale(signal, source, store, { network, size, device: 'auto', tuning, weights, strength });
    const whole = await store.read(signal, { x: 0, y: 0, ...size });
    const place = (rect: Rect): Rect => {
      const left = Math.round(rect.x * sx);
      const top = Math.round(rect.y * sy);
      const right = Math.round((rect.x + rect.width) * sx);
      const bottom = Math.round((rect.y + rect.height) * sy);
      return { x: left, y: top, width: right - left, height: bottom - top };
    };
    const rect = place({ x, y, width, height });
    const inside = intersect(relativeTo(rect, place(seen)), { x: 0, y: 0, ...size })!;
    const piece = createRaster(inside.width, inside.height, whole.channels);
    copyRect(whole, inside, piece, 0, 0);
    return {
      strength,
      rect: { ...rect, width: inside.width, height: inside.height },
      source: {
        info: { ...after.info, width: inside.width, height: inside.height },
        read: async (_, part) => {
          const out = createRaster(part.width, part.height, piece.channels);
          copyRect(piece, part, out, 0, 0);
          return out;
        },
      },
    };
  } finally {
    await store.dispose();
  }
}

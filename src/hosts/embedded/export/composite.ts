import {
  type Channels,
  contains,
  hasAlpha,
  intersect,
  type PictureInfo,
  type PixelSource,
  plane,
  type Raster,
  type Rect,
  relativeTo,
} from '../../../engine';
import { scaled } from '../scaled';
import type { Layer, OpenDocument } from '../workspace';

/** What the document shows: its visible layers, one over the other, in its full size and depth. */
export function composite(document: OpenDocument): PixelSource {
  const { width, height, layers } = document.state;
  const page = { x: 0, y: 0, width, height };
  const visible = layers.filter((layer) => layer.visible);
  // What lies under a layer that covers everything is not seen: the picture then needs no alpha.
  const cover = visible.findIndex(({ bounds, pixels }) => !hasAlpha(pixels.info.channels) && contains(bounds, page));
  const seen = cover < 0 ? visible : visible.slice(0, cover + 1);
  const gray = seen.length > 0 && seen.every(({ pixels }) => pixels.info.channels <= 2);
  const channels = ((gray ? 1 : 3) + (cover < 0 ? 1 : 0)) as Channels;
  const info: PictureInfo = {
    width,
    height,
    channels,
    bitDepth: document.bitDepth,
    encoding: 'display',
    iccProfile: document.iccProfile,
    resolution: document.resolution,
  };
  return {
    info,
    async read(signal, rect) {
      const result: Raster = {
        width: rect.width,
        height: rect.height,
        channels,
        data: new Float32Array(channels * rect.width * rect.height),
      };
      for (const layer of [...seen].reverse()) await paintLayer(signal, layer, rect, result);
      return result;
    },
  };
}

async function paintLayer(signal: AbortSignal, { bounds, pixels }: Layer, rect: Rect, result: Raster): Promise<void> {
  const shared = intersect(bounds, rect);
  if (!shared) return;
  const source = scaled(pixels, bounds.width, bounds.height);
  over(await source.read(signal, relativeTo(shared, bounds)), result, shared.x - rect.x, shared.y - rect.y);
}

/** `top` over `bottom` at `left`,`upper`, in place (Porter and Duff, straight alpha). */
function over(top: Raster, bottom: Raster, left: number, upper: number): void {
  const colours = bottom.channels <= 2 ? 1 : 3;
  const topAlpha = hasAlpha(top.channels) ? plane(top, top.channels - 1) : null;
  const bottomAlpha = hasAlpha(bottom.channels) ? plane(bottom, bottom.channels - 1) : null;
  const planes = Array.from({ length: colours }, (_, c) => ({
    from: plane(top, top.channels <= 2 ? 0 : c),
    to: plane(bottom, c),
  }));
  for (let y = 0; y < top.height; y++) {
    for (let x = 0; x < top.width; x++) {
      const i = y * top.width + x;
      const o = (upper + y) * bottom.width + left + x;
      const a = topAlpha ? topAlpha[i]! : 1;
      if (a <= 0) continue;
      const under = bottomAlpha ? bottomAlpha[o]! : 1;
      const alpha = a + under * (1 - a);
      for (const { from, to } of planes) {
        to[o] = a >= 1 ? from[i]! : (from[i]! * a + to[o]! * under * (1 - a)) / alpha;
      }
      if (bottomAlpha) bottomAlpha[o] = alpha;
    }
  }
}

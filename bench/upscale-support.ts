import { Networks } from '../src/cli/networks';
import type { AdaptationNetworks } from '../src/engine/contract';
import { createRaster } from '../src/engine/raster/planes';
import type { PictureInfo, PixelSink, PixelSource } from '../src/engine/raster/raster';
import { readRegistry } from '../src/engine/network/networks.node';
import type { Network } from '../src/engine/network/registry';

export const never = new AbortController().signal;

const shipped = async () =>
  new Networks('models', await readRegistry('models'), '', { version: 1, default: '', models: [] });

/** The network that LWay upscales with if nobody chooses another. */
export async function defaultModel(): Promise<Network> {
  return (await shipped()).find(never, undefined, '');
}

/** The network of that name in the list of those that ship. */
export async function shippedNetwork(id: string): Promise<Network> {
  return (await shipped()).find(never, id, '');
}

/** The networks that adapting it takes. */
export async function adaptationModels({ entry }: Network): Promise<AdaptationNetworks> {
  return (await shipped()).adaptation(entry);
}

/** A picture that is computed where it is read: it takes no memory, so that what is measured is the engine's. */
export function computedPicture(width: number, height: number): PixelSource {
  const info: PictureInfo = { width, height, channels: 3, bitDepth: 8, encoding: 'display' };
  return {
    info,
    read(_signal, rect) {
      const raster = createRaster(rect.width, rect.height, 3);
      let at = 0;
      for (let channel = 0; channel < 3; channel++)
        for (let y = rect.y; y < rect.y + rect.height; y++)
          for (let x = rect.x; x < rect.x + rect.width; x++)
            raster.data[at++] = 0.5 + 0.3 * Math.sin(x / 7 + channel) * Math.cos(y / 11) + ((x ^ y) & 7) / 100;
      return Promise.resolve(raster);
    },
  };
}

/** Takes pieces and forgets them. */
export const nowhere: PixelSink = {
  begin: () => Promise.resolve(),
  write: () => Promise.resolve(),
  end: () => Promise.resolve(),
};

import type { UpscaleOptions } from '../../../src/engine/contract';
import { tinyModel } from './tiny-networks';

/** A job of a few tiles with the smallest network, or what is said of it. */
export const tinyJob = async (more: Partial<UpscaleOptions> = {}): Promise<UpscaleOptions> => ({
  network: await tinyModel(),
  size: { scale: 2 },
  device: 'auto',
  tile: 36,
  ...more,
});

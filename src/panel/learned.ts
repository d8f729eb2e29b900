import type { UpscaleSettings } from '../actions/settings';
import type { Network } from '../engine';
import type { OpenedTarget } from '../hosts/host';

/**
 * What a network has learned from one picture: an ONNX file's bytes, kept in memory for as long as the page lives. It
 * holds traces of the picture.
 */
export interface Learned {
  /** Says what it was learned from: it serves again for the same layer and area, network and level only. */
  readonly key: string;
  readonly weights: Uint8Array;
}

export function learnedKey(
  { documentId, layerId, bounds, own }: OpenedTarget,
  network: Network,
  { adapt, detail, noise, blur }: UpscaleSettings,
): string {
  return JSON.stringify([documentId, layerId, own ?? bounds, network.entry.sha256, adapt, detail, noise, blur]);
}

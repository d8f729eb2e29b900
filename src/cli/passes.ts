import type { UpscaleSettings } from '../actions/settings';
import { type Device, LWayError, type Network, type Rect } from '../engine';
import type { Networks } from './networks';
import type { Pass } from './upscale-file';

/** What computes, and in which pieces: of no matter for the result. */
export interface Computing {
  readonly device: 'auto' | Device;
  readonly tile?: number;
}

/**
 * Recorded steps made ready to be done.
 * @param chosen the network of each step
 * @throws LWayError `missing-model`, `bad-option`
 */
export async function passesFor(
  networks: Networks,
  steps: readonly UpscaleSettings[],
  chosen: readonly Network[],
  { device, tile }: Computing,
): Promise<Pass[]> {
  const passes: Pass[] = [];
  for (const [i, { size, adapt: level, strength, detail, noise, blur }] of steps.entries()) {
    const network = chosen[i]!;
    const adapt = level === 'off' ? undefined : { level, strength, networks: await networks.adaptation(network.entry) };
    const tuning = await networks.tuning(network.entry, { detail, noise, blur });
    passes.push({ size, options: { network, device, tile, tuning, adapt } });
  }
  return passes;
}

/** @throws LWayError where steps work on a selection that files do not have */
export function checkRegions(steps: readonly UpscaleSettings[], region: Rect | undefined): void {
  const onSelection = steps.flatMap(({ target }, i) => (target === 'region' ? [i] : []));
  if (onSelection.some((i) => i > 0)) {
    throw new LWayError(
      'bad-option',
      `Step ${onSelection.at(-1)! + 1} works on a selection, but the result of the step before it has none.`,
      'Only the first step may work on a selection.',
    );
  }
  if (onSelection.length > 0 && !region) {
    throw new LWayError(
      'bad-option',
      'The step was recorded on a selection, and a file has none.',
      'Give the part with --region x,y,w,h, or set "target" to "layer" in the steps.',
    );
  }
  if (onSelection.length === 0 && region) {
    throw new LWayError(
      'bad-option',
      'No step works on a selection.',
      'Leave --region out, or set "target" to "region".',
    );
  }
}

/** For the names of results: all factors multiplied, or the last size in pixels. */
export function overallSize(steps: readonly UpscaleSettings[]): UpscaleSettings['size'] {
  let scale = 1;
  for (const { size } of steps) {
    if (!('scale' in size)) return steps.at(-1)!.size;
    scale *= size.scale;
  }
  return { scale: Math.round(scale * 1000) / 1000 };
}

import { estimate, knobs, mixEnds, networkPicture, ownTuning, tuningFor, type Knob } from '../adaptation';
import type { PixelSource } from '../raster/raster';
import type { Network } from '../network/registry';
import type { Runtime } from '../runtime/runtime';
import type { Mix, TuningOptions, TuningReport } from '../contract';

/** The network as Detail, Noise and Blur want it, and what they came to. */
export interface Tuned {
  readonly network: Network;
  readonly report: TuningReport;
}

/**
 * Mixes a network from its ends: as the person has set, and where that is left to LWay, as the picture's degradation
 * embedding says.
 */
export async function tune(
  signal: AbortSignal,
  runtime: Runtime,
  network: Network,
  source: PixelSource,
  { drawn, ends, estimators, ...set }: TuningOptions,
): Promise<Tuned> {
  const { detail } = set;
  const automatic = knobs.some((knob) => set[knob] === 'auto');
  // Who sets Detail or the share decides how it is drawn: then nobody is asked, neither for the weights nor for matching.
  const undecided = detail === 'auto' && drawn === undefined && network.entry.ends?.drawn;
  const asked = estimators && { ...estimators, drawing: undecided ? estimators.drawing : undefined };
  const told =
    automatic && asked
      ? // Where it cannot be told, the network stays as it came: no upscale fails for that.
        await estimate(signal, runtime, asked, networkPicture(source)).catch(() => null)
      : null;
  signal.throwIfAborted();
  const fitting: Mix = told ? tuningFor(network.entry, told) : ownTuning(network.entry);
  // Who sets Detail says how it is to be drawn.
  const share = drawn ?? (detail === 'auto' ? fitting.drawn : undefined);
  const chosen = (knob: Knob) => (set[knob] === 'auto' ? fitting[knob] : set[knob]);
  const tuning: Mix = {
    detail: chosen('detail'),
    noise: chosen('noise'),
    blur: chosen('blur'),
    ...(share === undefined ? {} : { drawn: share }),
  };
  return { network: await mixEnds(network, ends, tuning), report: { ...tuning, estimate: told ?? undefined } };
}

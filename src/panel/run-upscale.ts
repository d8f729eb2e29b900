import { resultSize } from '../actions/size';
import type { UpscaleSettings } from '../actions/settings';
import type { AdaptOptions, EngineEvent, UpscaleReport } from '../engine/engine';
import type { Model } from '../engine/runtime/registry';
import type { TileStore } from '../engine/raster/raster';
import { LWayError } from '../engine/errors';
import { learnedKey, type Learned } from './learned';
import type { PanelServices } from './services';
import { Snapshot } from './snapshot';

/** A finished upscale: what happened, and both pictures for the comparison until they are disposed of. */
export interface FinishedUpscale {
  readonly report: UpscaleReport;
  readonly before: Snapshot;
  readonly after: TileStore;
  readonly model: Model;
  /** What was, or had been, learned from the picture; null where the network was used as it is. */
  readonly learned: Learned | null;
  /** It had been learned before: nothing was learned anew. */
  readonly relearned: boolean;
  dispose(): Promise<void>;
}

/** `×4` or `×2.5`, for names. */
export function scaleName(scale: number): string {
  return `×${Number(scale.toFixed(2))}`;
}

/**
 * One upscale from the editor's layer to the new layer. Checks that the result can be written before any work starts;
 * whatever goes wrong, or is cancelled, leaves the document as it was.
 *
 * @param enough ends the adaptation early and keeps what was learned
 * @param learned what an earlier upscale has learned: used where it was learned from the very same
 */
export async function runUpscale(
  signal: AbortSignal,
  services: PanelServices,
  settings: UpscaleSettings,
  enough: AbortSignal,
  onEvent: (event: EngineEvent) => void,
  learned: Learned | null = null,
): Promise<FinishedUpscale> {
  const { host, engine, models } = services;
  onEvent({ type: 'phase', phase: 'preparing' });
  const target = await host.open(signal, settings.target);
  const before = new Snapshot(target.source, services.createStore());
  const after = host.stage?.(services.createStore()) ?? services.createStore();
  const dispose = async () => {
    await before.dispose();
    await after.dispose();
  };
  try {
    const { bounds } = target;
    const size = resultSize(settings.size, bounds.width, bounds.height);
    host.check(target, settings.destination, size.width, size.height);
    const model = await models.load(signal, settings.model, settings.crispness);
    const key = learnedKey(target, model, settings);
    const known = settings.adapt !== 'off' && learned?.key === key ? learned : null;
    let adapt: AdaptOptions | undefined;
    if (settings.adapt !== 'off' && !known) {
      const helpers = await models.adaptation(signal, model.entry);
      if (typeof helpers === 'string') {
        throw new LWayError('unsupported', helpers, 'Set “Adapt to this picture” to Off.');
      }
      adapt = { level: settings.adapt, strength: settings.strength, models: helpers, enough };
    }
    const report = await engine.upscale(signal, before, after, {
      model,
      size: 'scale' in settings.size ? settings.size : size,
      device: 'auto',
      adapt,
      weights: known?.weights,
      strength: known ? settings.strength : undefined,
      onEvent,
    });
    const { weights, used } = report.adaptation ?? {};
    onEvent({ type: 'phase', phase: 'writing' });
    await host.commit(signal, {
      target,
      destination: settings.destination,
      result: after,
      layerName: `${target.layerName} ${scaleName(after.info.width / bounds.width)}`,
      onProgress: (done) => onEvent({ type: 'progress', done: Math.round(done * 100), total: 100, unit: 'tile' }),
    });
    await host.record?.(settings);
    return {
      report,
      before,
      after,
      model,
      learned: known ?? (used && weights ? { key, weights } : null),
      relearned: known !== null,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  } finally {
    await target.close();
  }
}

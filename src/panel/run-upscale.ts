import { resultSize } from '../actions/size';
import type { UpscaleSettings } from '../actions/settings';
import type { EngineEvent, UpscaleReport } from '../engine/engine';
import type { TileStore } from '../engine/raster/raster';
import { LWayError } from '../engine/errors';
import type { PanelServices } from './services';
import { Snapshot } from './snapshot';

/** A finished upscale: what happened, and both pictures for the comparison until they are disposed of. */
export interface FinishedUpscale {
  readonly report: UpscaleReport;
  readonly before: Snapshot;
  readonly after: TileStore;
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
 */
export async function runUpscale(
  signal: AbortSignal,
  services: PanelServices,
  settings: UpscaleSettings,
  enough: AbortSignal,
  onEvent: (event: EngineEvent) => void,
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
    const model = await models.load(signal, settings.model);
    let adapt;
    if (settings.adapt !== 'off') {
      const helpers = await models.adaptation(signal);
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
      onEvent,
    });
    onEvent({ type: 'phase', phase: 'writing' });
    await host.commit(signal, {
      target,
      destination: settings.destination,
      result: after,
      layerName: `${target.layerName} ${scaleName(after.info.width / bounds.width)}`,
      onProgress: (done) => onEvent({ type: 'progress', done: Math.round(done * 100), total: 100, unit: 'tile' }),
    });
    await host.record?.(settings);
    return { report, before, after, dispose };
  } catch (error) {
    await dispose();
    throw error;
  } finally {
    await target.close();
  }
}

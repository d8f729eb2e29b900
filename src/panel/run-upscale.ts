import { styleName } from '../actions/network-style';
import { resultSize } from '../actions/size';
import type { UpscaleSettings } from '../actions/settings';
import {
  type AdaptOptions,
  type EngineEvent,
  LWayError,
  type Network,
  type TileStore,
  type TuningOptions,
  type UpscaleReport,
} from '../engine';
import type { OpenedTarget, PlacedResult } from '../hosts/host';
import { learnedKey, type Learned } from './learned';
import type { PanelServices } from './services';
import { Snapshot } from './snapshot';

/** A finished upscale: what happened, and both pictures for the comparison until they are disposed of. */
export interface FinishedUpscale {
  readonly report: UpscaleReport;
  readonly before: Snapshot;
  readonly after: TileStore;
  readonly network: Network;
  /** Detail, Noise and Blur as they were for this picture. */
  readonly tuning?: TuningOptions;
  readonly settings: UpscaleSettings;
  readonly layerName: string;
  /** What was, or had been, learned from the picture; null where the network was used as it is. */
  readonly learned: Learned | null;
  /** It had been learned before: nothing was learned anew. */
  readonly relearned: boolean;
  /** Where the result is, from hosts that can find it again. */
  readonly placed: PlacedResult | null;
  /** Opens it as a document of its own, where what it was to be placed in is gone. */
  readonly rescue?: OpenedTarget['rescue'];
  dispose(): Promise<void>;
}

/** The result is whole, but what it was to be placed in is gone: it is not lost, and has to be disposed of. */
export class NotPlaced extends LWayError {
  constructor(
    reason: LWayError,
    readonly finished: FinishedUpscale,
  ) {
    super(reason.code, reason.message, 'Open the result as a new document, or discard it.', { cause: reason });
  }
}

/** `×4` or `×2.5`, for names. */
export function scaleName(scale: number): string {
  return `×${Number(scale.toFixed(2))}`;
}

type OnEvent = (event: EngineEvent) => void;

const writing = (onEvent: OnEvent) => (done: number) =>
  onEvent({ type: 'progress', done: Math.round(done * 100), total: 100, unit: 'tile' });

/**
 * One upscale from the editor's layer to the new layer. Checks that the result can be written before any work starts;
 * whatever goes wrong, or is cancelled, leaves the document as it was.
 *
 * @param enough ends the adaptation early and keeps what was learned
 * @param learned what an earlier upscale has learned: used where it was learned from the very same
 * @throws NotPlaced where the document or the layer went away meanwhile, in hosts that can open the result nevertheless
 */
export async function runUpscale(
  signal: AbortSignal,
  services: PanelServices,
  settings: UpscaleSettings,
  enough: AbortSignal,
  onEvent: OnEvent,
  learned: Learned | null = null,
): Promise<FinishedUpscale> {
  const { host, engine, networks } = services;
  onEvent({ type: 'phase', phase: 'preparing' });
  const target = await host.open(signal, settings.target);
  const before = new Snapshot(target.source, services.createStore());
  const after = host.stage?.(services.createStore()) ?? services.createStore();
  const dispose = async () => {
    await before.dispose();
    await after.dispose();
  };
  try {
    const { info } = target.source;
    const size = resultSize(settings.size, info.width, info.height);
    target.check(settings.destination, size.width, size.height);
    const network = await networks.load(signal, settings.model);
    const tuning = await networks.tuning(signal, network.entry, settings);
    const key = learnedKey(target, network, settings);
    const known = settings.adapt !== 'off' && learned?.key === key ? learned : null;
    let adapt: AdaptOptions | undefined;
    if (settings.adapt !== 'off' && !known) {
      const helpers = await networks.adaptation(signal, network.entry);
      if (typeof helpers === 'string') {
        throw new LWayError('unsupported', helpers, 'Set “Match to this picture” to Off.');
      }
      adapt = { level: settings.adapt, strength: settings.strength, networks: helpers, enough };
    }
    const report = await engine.upscale(signal, before, after, {
      network,
      size: 'scale' in settings.size ? settings.size : size,
      device: 'auto',
      tuning,
      adapt,
      weights: known?.weights,
      strength: known ? settings.strength : undefined,
      onEvent,
    });
    const { weights, used } = report.adaptation ?? {};
    const layerName = `${target.layerName} ${scaleName(after.info.width / info.width)}`;
    const finished: FinishedUpscale = {
      report,
      before,
      after,
      network,
      tuning: tuning && { ...tuning, ...report.tuning },
      settings,
      layerName,
      learned: known ?? (used && weights ? { key, weights } : null),
      relearned: known !== null,
      placed: null,
      rescue: target.rescue,
      dispose,
    };
    const placed = await place(signal, target, finished, onEvent);
    await host.record?.(settings);
    return { ...finished, placed };
  } catch (error) {
    if (!(error instanceof NotPlaced)) await dispose();
    throw error;
  } finally {
    await target.close();
  }
}

async function place(
  signal: AbortSignal,
  target: OpenedTarget,
  finished: FinishedUpscale,
  onEvent: OnEvent,
): Promise<PlacedResult | null> {
  const { settings, after: result, layerName, network, learned } = finished;
  onEvent({ type: 'phase', phase: 'writing' });
  const made = `${styleName(network.entry)}${learned ? ', matched' : ''}`;
  const request = { destination: settings.destination, result, layerName, made, onProgress: writing(onEvent) };
  try {
    return (await target.commit(signal, request)) ?? null;
  } catch (error) {
    const gone = error instanceof LWayError && error.code === 'document-changed';
    throw gone && finished.rescue ? new NotPlaced(error, finished) : error;
  }
}

/** Opens a result that could not be placed as a document of its own. */
export async function rescueResult(signal: AbortSignal, finished: FinishedUpscale): Promise<FinishedUpscale> {
  const { layerName, after: result } = finished;
  return { ...finished, placed: await finished.rescue!(signal, { layerName, result }) };
}

/**
 * Makes a finished result once more with another strength, and puts it in the old one's place as one undo step: nothing
 * is learned anew.
 */
export async function applyStrength(
  signal: AbortSignal,
  { host, engine, createStore }: PanelServices,
  finished: FinishedUpscale,
  strength: number,
  onEvent: OnEvent,
): Promise<FinishedUpscale> {
  const { before, after, network, tuning, settings, placed, learned, layerName } = finished;
  const { width, height } = after.info;
  const store = createStore();
  try {
    const report = await engine.upscale(signal, before, store, {
      network,
      size: { width, height },
      device: 'auto',
      tuning,
      weights: learned!.weights,
      strength,
      onEvent,
    });
    onEvent({ type: 'phase', phase: 'writing' });
    const label = `${layerName}, strength ${Math.round(strength * 100)} %`;
    await host.replace!(signal, placed!, { result: store, label, onProgress: writing(onEvent) });
    const dispose = async () => {
      await before.dispose();
      await store.dispose();
    };
    const changed = { report, after: store, settings: { ...settings, strength }, relearned: true, dispose };
    await after.dispose();
    return { ...finished, ...changed };
  } catch (error) {
    await store.dispose();
    throw error;
  }
}

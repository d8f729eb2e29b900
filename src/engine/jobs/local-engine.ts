import { mixWeights } from '../adaptation';
import type {
  AdaptationReport,
  AdaptOptions,
  EngineEvent,
  SeriesEngine,
  SeriesOptions,
  TuningReport,
  UpscaleOptions,
  UpscaleReport,
} from '../contract';
import { secondsSince } from '../common/elapsed';
import { isAbort, LWayError, toPlainError } from '../common/errors';
import { mayBeSpoilt, unadapted, WatchedSources } from './never-worse';
import type { PixelSink, PixelSource } from '../raster/raster';
import { readNetworkFile } from '../network/network-file';
import { fromOrtError } from '../runtime/ort-errors';
import type { Network } from '../network/registry';
import type { Device, Runtime } from '../runtime/runtime';
import type { Runtimes } from '../runtime/runtimes';
import { LoadedNetwork } from '../network/loaded-network';
import { TileRunner } from '../upscaling/tile-runner';
import { tune } from './tune-job';
import { planUpscaling, upscaleTiles } from '../upscaling/upscale';
import { usualTile } from '../upscaling/usual-tile';

/** What adaptation gets to work with. */
export interface AdaptJob {
  runtime: Runtime;
  network: Network;
  /** How far its weights are those for drawings, 0..100. */
  drawn?: number;
  /** Probability that the picture is drawn, 0..1, where that was asked. */
  toldDrawn?: number;
  source: PixelSource;
  /** The others of a series, to learn from as well. */
  others?: readonly PixelSource[];
  options: AdaptOptions;
  onEvent: (event: EngineEvent) => void;
}

/** The network to go on with, and what to say about it. */
export interface Adapted {
  network: Network;
  report: AdaptationReport;
}

/** Adapts a network to a picture; injected, so that upscaling and adaptation do not know each other. */
export type Adapt = (signal: AbortSignal, job: AdaptJob) => Promise<Adapted>;

export interface EngineParts {
  runtimes: Runtimes;
  /** Left out, jobs that ask for adaptation are refused. */
  adapt?: Adapt;
  /** A GPU that is lost in the middle of a job: go on with the CPU here, or throw `device-lost` for a new worker. */
  onDeviceLost?: 'fallback' | 'throw';
}

/** To go on with a job that was interrupted: what had been done by then. Plain data. */
export interface Resume {
  /** Tiles that have been written; `sink.begin` was called before if there are any. */
  done: number;
  begun: boolean;
  /** The device that the tiles were planned for: they must be the same again. */
  plannedFor?: Device;
  /** Longest side that a tile's parts may have, where memory ran out or a tile hung before. */
  limit?: number;
  adapted?: AdaptedWeights;
}

/** What an adaptation left, for a resumed job. */
export interface AdaptedWeights {
  /** Left out where none could be made: the network as it came. */
  bytes?: Uint8Array;
  report: Adapted['report'];
}

/** What a caller who may have to resume a job wants to know of it. */
export interface JobHooks {
  resume?: Resume;
  onAdapted?: (adapted: AdaptedWeights) => void;
}

/** The engine in this very thread, one job after the other; networks stay loaded between jobs. */
export class LocalEngine implements SeriesEngine {
  private readonly runtimes = new Map<'auto' | Device, Promise<{ runtime: Runtime; notices: string[] }>>();
  /** The networks in use: at most one per device, since a person rarely changes the network. */
  private readonly networks = new Map<Runtime, LoadedNetwork>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: EngineParts) {}

  upscale(
    signal: AbortSignal,
    source: PixelSource,
    sink: PixelSink,
    options: UpscaleOptions,
    hooks: JobHooks = {},
  ): Promise<UpscaleReport> {
    return this.enqueue(() => this.run(signal, source, sink, options, hooks));
  }

  adapt(signal: AbortSignal, sources: readonly PixelSource[], options: SeriesOptions): Promise<AdaptationReport> {
    return this.enqueue(async () => {
      signal.throwIfAborted();
      const { network: given, device, tuning, adapt, onEvent = () => undefined } = options;
      onEvent({ type: 'phase', phase: 'preparing' });
      const runtime = await this.begin(given, device, onEvent);
      const [source, ...others] = sources;
      const tuned = tuning && (await tune(signal, runtime, given, source!, tuning));
      const network = tuned?.network ?? given;
      const { report } = await this.learn(signal, {
        runtime,
        network,
        ...drawnOf(network, tuned?.report),
        source: source!,
        others,
        options: adapt,
        onEvent,
      });
      return { ...report, tuning: tuned?.report };
    });
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const job = this.queue.then(work);
    this.queue = job.catch(() => undefined);
    return job;
  }

  /** Opens the device and says which one it is. */
  private async begin(
    { entry }: Network,
    device: 'auto' | Device,
    onEvent: (event: EngineEvent) => void,
  ): Promise<Runtime> {
    if (entry.kind !== 'sr')
      throw new LWayError('bad-model', `${entry.name} is not an upscaling network.`, 'Choose another network.');
    const { runtime, notices } = await this.open(device);
    for (const message of notices) onEvent({ type: 'notice', message });
    onEvent({ type: 'device', device: runtime.device, name: runtime.deviceName });
    return runtime;
  }

  /**
   * Adapts, once more on the fallback where the device is lost. Where it cannot be done that is said, and the network
   * goes on as it came.
   */
  private async learn(signal: AbortSignal, job: AdaptJob): Promise<Adapted> {
    const { adapt, runtimes, onDeviceLost = 'fallback' } = this.parts;
    if (!adapt) throw new LWayError('unsupported', 'Matching is not possible here.', 'Switch it off.');
    const { onEvent } = job;
    onEvent({ type: 'phase', phase: 'adapting' });
    const began = performance.now();
    const pictures = new WatchedSources();
    const source = pictures.watch(job.source);
    const others = job.others?.map((each) => pictures.watch(each));
    let { runtime } = job;
    for (;;) {
      try {
        const adapted = await adapt(signal, { ...job, source, others, runtime });
        signal.throwIfAborted();
        return adapted;
      } catch (thrown) {
        signal.throwIfAborted();
        if (isAbort(thrown) || pictures.caused(thrown)) throw thrown;
        const error = isAllocationFailure(thrown) ? fromOrtError(thrown, 'run') : thrown;
        const { code } = toPlainError(error);
        // A new worker begins with an empty memory and a device that answers.
        if (onDeviceLost === 'throw' && (code === 'device-lost' || code === 'out-of-memory')) throw error;
        if (code !== 'device-lost' || runtime.device === runtimes.fallback) {
          const { report, notice } = unadapted(error, secondsSince(began));
          onEvent({ type: 'notice', message: notice });
          return { network: job.network, report };
        }
        runtime = (await this.open(runtimes.fallback)).runtime;
        const message = `The graphics device stopped while the network was learning: ${runtime.deviceName} starts over.`;
        onEvent({ type: 'notice', message });
        onEvent({ type: 'device', device: runtime.device, name: runtime.deviceName });
      }
    }
  }

  private async run(
    signal: AbortSignal,
    source: PixelSource,
    sink: PixelSink,
    options: UpscaleOptions,
    { resume, onAdapted }: JobHooks,
  ): Promise<UpscaleReport> {
    signal.throwIfAborted();
    const started = performance.now();
    const notices: string[] = [];
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'notice') notices.push(event.message);
      options.onEvent?.(event);
    };
    const { onDeviceLost = 'fallback' } = this.parts;
    onEvent({ type: 'phase', phase: 'preparing' });
    const runtime = await this.begin(options.network, options.device, onEvent);
    const tuned = options.tuning && (await tune(signal, runtime, options.network, source, options.tuning));
    signal.throwIfAborted();
    let network = tuned?.network ?? options.network;
    if (options.weights) network = withWeights(network, options.weights, options.strength);
    const plannedFor = resume?.plannedFor ?? runtime.device;
    const plan = planUpscaling(source.info, network.entry, { ...options, device: plannedFor });

    let adaptation: AdaptationReport | undefined;
    const original = network;
    if (resume?.adapted) {
      const { bytes, report } = resume.adapted;
      if (bytes) network = withBytes(network, bytes);
      adaptation = report;
    } else if (options.adapt) {
      const told = drawnOf(network, tuned?.report);
      const adapted = await this.learn(signal, { runtime, network, ...told, source, options: options.adapt, onEvent });
      network = withBytes(network, adapted.network.bytes);
      adaptation = adapted.report;
      onAdapted?.({ bytes: network.bytes, report: adaptation });
    }

    onEvent({ type: 'phase', phase: 'upscaling' });
    const { fallback } = this.parts.runtimes;
    const runnerOf = async (used: Network) =>
      new TileRunner({
        network: await this.network(runtime, used),
        margin: plan.networkMargin,
        blend: plan.tiles.blend,
        openFallback:
          runtime.device === fallback ? null : async () => this.network((await this.open(fallback)).runtime, used),
        onDeviceLost,
        onEvent,
        limit:
          plannedFor === runtime.device
            ? resume?.limit
            : Math.min(resume?.limit ?? Infinity, usualTile[runtime.device]),
      });
    if (!resume?.begun) await sink.begin(signal, plan.info);
    let written = resume?.done ?? 0;
    const counting: Pick<PixelSink, 'write'> = {
      write: async (...piece) => {
        await sink.write(...piece);
        written++;
      },
    };
    let runner = await runnerOf(network);
    const upscaleAll = async () => {
      try {
        await upscaleTiles(signal, source, counting, plan, runner, onEvent, resume?.done ?? 0);
      } catch (error) {
        throw isAllocationFailure(error) ? fromOrtError(error, 'run') : error;
      }
    };
    try {
      await upscaleAll();
    } catch (error) {
      signal.throwIfAborted();
      // An adapted network that answers with no picture: the original may, as long as none of its tiles stands.
      if (!adaptation?.used || written > 0 || !mayBeSpoilt(error)) throw error;
      const { report, notice } = unadapted(error, adaptation.seconds);
      adaptation = report;
      onEvent({ type: 'notice', message: notice });
      runner = await runnerOf(original);
      await upscaleAll();
    }
    onEvent({ type: 'phase', phase: 'writing' });
    await sink.end(signal);
    return {
      width: plan.info.width,
      height: plan.info.height,
      device: runner.runtime.device,
      deviceName: runner.runtime.deviceName,
      tiles: plan.tiles.count,
      tilesRedone: runner.redone,
      seconds: secondsSince(started),
      notices,
      tuning: tuned?.report,
      adaptation,
    };
  }

  /** The device asked for, opened once. What failed is tried again next time. */
  private open(device: 'auto' | Device): Promise<{ runtime: Runtime; notices: string[] }> {
    let opened = this.runtimes.get(device);
    if (!opened) {
      opened = this.parts.runtimes.open(device);
      this.runtimes.set(device, opened);
      opened.catch(() => this.runtimes.delete(device));
    }
    return opened;
  }

  private async network(runtime: Runtime, network: Network): Promise<LoadedNetwork> {
    const known = this.networks.get(runtime);
    if (known?.network.bytes === network.bytes) return known;
    await known?.close();
    const loaded = new LoadedNetwork(runtime, network);
    this.networks.set(runtime, loaded);
    return loaded;
  }

  /** Waits for the job in work, then frees all devices. */
  async dispose(): Promise<void> {
    await this.queue;
    for (const network of this.networks.values()) await network.close().catch(() => undefined);
    this.networks.clear();
    const opened = await Promise.allSettled(this.runtimes.values());
    this.runtimes.clear();
    for (const result of opened) if (result.status === 'fulfilled') await result.value.runtime.dispose();
  }
}

/** How far a network's weights are those for drawings, and whether the picture is one. */
function drawnOf({ entry }: Network, tuning?: TuningReport): Pick<AdaptJob, 'drawn' | 'toldDrawn'> {
  return { drawn: entry.forDrawings ? 100 : tuning?.drawn, toldDrawn: tuning?.estimate?.drawn };
}

/** JavaScript's own memory, in the words of V8, SpiderMonkey and JavaScriptCore. */
function isAllocationFailure(error: unknown): boolean {
  return error instanceof RangeError && /allocation failed|allocating|array buffer|out of memory/i.test(error.message);
}

/** @throws LWayError `bad-option` where the weights are not those of the same network */
function withWeights(network: Network, weights: Uint8Array, strength = 1): Network {
  const [own, given] = [readNetworkFile(network.bytes), readNetworkFile(weights)];
  // On the way through the adaptation free dimensions get other names, and half precision becomes single.
  const ports = ({ inputs, outputs }: typeof own) =>
    JSON.stringify([inputs, outputs], (_key, value: unknown) => {
      if (value === 'FLOAT16') return 'FLOAT';
      return Array.isArray(value) ? value.map((each: unknown) => (typeof each === 'string' ? '' : each)) : value;
    });
  if (ports(own) !== ports(given) || own.parameters !== given.parameters)
    throw new LWayError(
      'bad-option',
      `These weights were not adapted from ${network.entry.name}.`,
      'Choose the network that they were made with, or adapt again.',
    );
  return withBytes(network, mixWeights(network.bytes, weights, strength));
}

/** The network with other weights; adapted ones take single precision also where the original file takes half. */
function withBytes({ entry }: Network, bytes: Uint8Array): Network {
  const half = readNetworkFile(bytes).inputs[0]!.type === 'FLOAT16';
  return { entry: { ...entry, input: { ...entry.input, type: half ? 'float16' : 'float32' } }, bytes };
}

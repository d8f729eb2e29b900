import {
  type Device,
  type Engine,
  LWayError,
  type Network,
  type Raster,
  type ResampleKernel,
  resize,
  sourceOf,
  SpillingTileStore,
  type TuningOptions,
  type TuningReport,
  type UpscaleOptions,
  type UpscaleReport,
} from '../../engine';
import type { AblatedOptions } from '../../engine/for-evaluate';
import type { TestPicture } from './picture-set';
import { asSaved } from './pixels';

/** A picture on its way through the variants. */
export interface Task {
  picture: Raster;
  width: number;
  height: number;
  truth?: Raster;
  /** Where it comes from, and all of the set that is measured. */
  testPicture: TestPicture;
  set: readonly TestPicture[];
  /** Another picture of the set, for the control that uses the wrong embedding. */
  other: Raster;
  /** Results of the variants before this one, by name. */
  done: ReadonlyMap<string, Raster>;
}

export interface Outcome {
  result: Raster;
  seconds: number;
  /** What the person should know, e.g. that adaptation was not used. */
  note?: string;
}

/** One way to enlarge a picture. */
export interface Variant {
  name: string;
  /** The variant that this one is compared with; `null` for the first. */
  against: string | null;
  run(signal: AbortSignal, task: Task): Promise<Outcome>;
}

/** Resamplers by the names that `--model` knows them by. */
export const baselines: Readonly<Record<string, ResampleKernel>> = { bicubic: 'bicubic', lanczos: 'lanczos3' };

export function baseline(name: string, against: string | null): Variant {
  const kernel = baselines[name]!;
  return {
    name,
    against,
    async run(_, { picture, width, height }) {
      const started = performance.now();
      const result = asSaved(resize(picture, width, height, kernel));
      return { result, seconds: (performance.now() - started) / 1000 };
    },
  };
}

export interface NetworkVariant {
  name: string;
  against: string | null;
  engine: Engine;
  network: Network;
  device: 'auto' | Device;
  /** How it is mixed from its ends; left out: as it came. */
  tuning?: TuningOptions;
  /** Made for each picture, since a control may depend on it. */
  adapt?: (signal: AbortSignal, task: Task) => Promise<AblatedOptions>;
  /** Weights from an earlier adaptation. */
  learned?: Pick<UpscaleOptions, 'weights' | 'strength'>;
}

/** A network through the product's own engine. */
export function networkVariant({
  name,
  against,
  engine,
  network,
  device,
  tuning,
  adapt,
  learned,
}: NetworkVariant): Variant {
  return {
    name,
    against,
    async run(signal, task) {
      const { picture, width, height } = task;
      const store = new SpillingTileStore({ memory: Infinity });
      const report = await engine.upscale(signal, sourceOf(picture), store, {
        network,
        size: { width, height },
        device,
        tuning,
        adapt: await adapt?.(signal, task),
        ...learned,
      });
      const result = await store.read(signal, { x: 0, y: 0, width, height });
      await store.dispose();
      return { result, seconds: report.seconds, note: noteOf(report) };
    },
  };
}

/** The earlier result `name` of this picture. */
export function earlier(task: Task, name: string): Raster {
  const result = task.done.get(name);
  if (!result) throw new LWayError('internal', `There is no result of "${name}" yet.`, 'Report this message.');
  return result;
}

function noteOf({ adaptation, notices, tuning }: UpscaleReport): string | undefined {
  const notes = notices.filter((notice) => !/CPU computes|CPU itself/.test(notice));
  if (adaptation && !adaptation.used) notes.unshift(adaptation.message);
  if (tuning) notes.push(mixInWords(tuning));
  return notes.length > 0 ? notes.join(' ') : undefined;
}

const mixInWords = ({ detail, noise, blur, drawn = 0 }: TuningReport): string =>
  `Detail ${Math.round(detail)}, Noise ${Math.round(noise)}, Blur ${Math.round(blur)}, drawing ${Math.round(drawn)}.`;

import { basename } from 'node:path';
import {
  type AdaptationReport,
  type AdaptOptions,
  contains,
  type Device,
  type Network,
  type SeriesEngine,
  type TuningOptions,
} from '../engine';
import { readHeader } from './files/decode';
import { isStream } from './files/inputs';
import type { Readable } from './files/one-at-a-time';
import { OneAtATime } from './files/one-at-a-time';
import type { Target } from './files/targets';
import type { Reporter } from './output/reporter';
import type { FileOptions } from './upscale-file';
import { checkTarget, planFile } from './upscale-file';

/** Most pictures that teach: each holds its crops in memory, and more of the same camera say nothing new. */
export const mostTeachers = 16;

export interface SeriesRequest {
  readonly network: Network;
  readonly device: 'auto' | Device;
  readonly tuning?: TuningOptions;
  readonly adapt: AdaptOptions;
  /** What is done with each file afterwards: where no result can come, nothing is learned. */
  readonly options: FileOptions;
  /** What to learn from, where that is more than what is upscaled. */
  readonly teachers?: readonly Target[];
}

export interface Learned {
  readonly report: AdaptationReport;
  /** The pictures that were looked at. */
  readonly inputs: readonly string[];
}

/**
 * Adapts the network once, to all pictures that can be read, or to {@link mostTeachers} from all over the list. Those
 * that cannot be read are left to their own turn, which says why.
 *
 * @returns null where there is nothing to learn from or nothing to learn for: every picture will fail
 */
export async function learnSeries(
  signal: AbortSignal,
  engine: SeriesEngine,
  targets: readonly Target[],
  { network, device, tuning, adapt, options }: SeriesRequest,
  reporter: Reporter,
): Promise<Learned | null> {
  let readable = await readableOf(signal, targets, options);
  while (readable.some(({ promising }) => promising)) {
    const teachers = spread(readable, mostTeachers);
    const pictures = new OneAtATime(teachers, options.region);
    const inputs = teachers.map(({ target }) => target.input);
    reporter.seriesBegins(inputs);
    try {
      const onEvent = reporter.event.bind(reporter);
      const report = await engine.adapt(signal, pictures.sources, { network, device, tuning, adapt, onEvent });
      reporter.seriesDone(report);
      return { report, inputs };
    } catch (error) {
      signal.throwIfAborted();
      const { failed } = pictures;
      if (failed === null) throw error;
      // Only decoding shows some damage. Pictures are read before the first step, so little is lost by beginning again.
      const message = `"${basename(failed.target.input)}" cannot be read and is not learned from.`;
      reporter.event({ type: 'notice', message });
      readable = readable.filter((each) => each !== failed);
    } finally {
      await pictures.close();
    }
  }
  return null;
}

interface Teacher extends Readable {
  /** Nothing is known yet that would keep its result from coming. */
  readonly promising: boolean;
}

async function readableOf(
  signal: AbortSignal,
  targets: readonly Target[],
  options: FileOptions,
): Promise<readonly Teacher[]> {
  const readable: Teacher[] = [];
  for (const target of targets) {
    signal.throwIfAborted();
    // What comes once only is kept for the upscale.
    const header = (await isStream(target.input)) ? null : await orNull(readHeader(signal, target.input));
    if (header === null) continue;
    const { width, height } = header;
    if (options.region && !contains({ x: 0, y: 0, width, height }, options.region)) continue;
    const checked = async () => {
      await checkTarget(target.input, planFile(header, target, options).output, options);
      return true;
    };
    // Also a picture whose result is there already teaches: the same series gives the same weights.
    readable.push({ target, header, promising: (await orNull(checked())) !== null });
  }
  return readable;
}

/** What fails here fails again, and is reported, when its turn comes. */
function orNull<T>(promise: Promise<T>): Promise<T | null> {
  return promise.catch(() => null);
}

/** At most `most` of a list, the first and the last among them, at even distances. */
export function spread<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]!);
}

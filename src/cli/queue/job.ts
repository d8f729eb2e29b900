import { createHash } from 'node:crypto';
import type { UpscaleSettings } from '../../actions/settings';
import { type AdaptationReport, LWayError, type NetworkEntry, type PlainError, type Rect } from '../../engine';
import type { FormatName } from '../files/formats';
import type { MetadataChoice } from '../files/metadata/carry';
import type { FileReport } from '../upscale-file';

/** Of jobs as this version writes them. */
export const jobVersion = 1;

/** What is done with each picture, the same on every machine. */
export interface Work {
  /** Each with the id of its network, never `default`: machines differ in what they would take. */
  readonly steps: readonly UpscaleSettings[];
  /** The network of each step. */
  readonly networks: readonly NetworkEntry[];
  /** Hashes of those that did not come with LWay: they lie among the artefacts. */
  readonly brought: readonly string[];
  readonly region?: Rect;
  readonly quality?: number;
  readonly depth?: 8 | 16;
  readonly metadata?: MetadataChoice;
  readonly force: boolean;
}

/** One picture: places in the shared folder, or addresses that begin with s3://. */
export interface Picture {
  readonly input: string;
  /** SHA-256 of the file; of an object in a store what its content is told by there. */
  readonly sha256: string;
  /** Without extension where `format` is null, until the picture's depth is known. */
  readonly output: string;
  readonly format: FormatName | null;
}

/** What a series has taught. */
export interface SeriesWeights {
  /** Artefact; null where nothing was learned. */
  readonly sha256: string | null;
  readonly adaptation?: AdaptationReport;
}

export interface PictureJob extends Picture {
  readonly kind: 'picture';
  readonly version: number;
  readonly work: Work;
  /** Of a series: its job's id, and what that has taught. */
  readonly series?: SeriesWeights & { readonly id: string };
  /** A result that is complete and may have got its name already: who takes the job next looks whether it has. */
  readonly made?: { readonly sha256: string; readonly result: PictureResult };
  /** Of the last try that failed. */
  readonly error?: PlainError;
}

/** Learns from pictures together; then they follow as jobs of their own. */
export interface SeriesJob {
  readonly kind: 'series';
  readonly version: number;
  readonly work: Work;
  readonly pictures: readonly Picture[];
  readonly error?: PlainError;
}

export type Job = PictureJob | SeriesJob;

/** What a picture's job came to: `output` is a place. */
export type PictureResult = FileReport & { readonly worker: string };
export type SeriesResult = SeriesWeights & { readonly worker: string };

/** Tried three times, later and later, then put aside. Who has finished is remembered: a job is done once. */
export const jobOptions = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 2000 },
  removeOnComplete: { age: 30 * 24 * 3600 },
  removeOnFail: { age: 90 * 24 * 3600 },
} as const;

/** Made of all that the result depends on, and of where it goes. */
export function pictureId(work: Work, picture: Picture, series?: string): string {
  return idOf(work, [picture.sha256, picture.output, picture.format, series]);
}

export function seriesId(work: Work, pictures: readonly Picture[]): string {
  return idOf(work, ['series', ...pictures.map(({ sha256, output }) => [sha256, output])]);
}

function idOf({ steps, networks, region, quality, depth, metadata }: Work, more: readonly unknown[]): string {
  const parts = [jobVersion, steps, networks.map(({ sha256 }) => sha256), region, quality, depth, metadata, ...more];
  // A letter in front: the queue takes numbers for ids of its own.
  return `p${createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex')}`;
}

/** How a job is called in lines for people. */
export function shortId(id: string): string {
  return id.slice(0, 9);
}

/** @throws LWayError `unsupported` for a job of another version */
export function checkVersion({ version }: Job): void {
  if (version === jobVersion) return;
  throw new LWayError(
    'unsupported',
    `The job was put into the queue by another version of LWay (jobs of version ${version}, this one knows ${jobVersion}).`,
    'Use the same version of LWay on all machines.',
  );
}

/** Why a job was put aside. */
export function reasonOf({ data, failedReason }: { data: Job; failedReason?: string }): PlainError {
  if (/stalled more than allowable/.test(failedReason ?? '')) {
    return {
      code: 'internal',
      message: 'Every worker that took this picture ended before it was done.',
      advice: 'If nobody stopped them, they may have run out of memory: try "lway work --tile 128 --jobs 1".',
    };
  }
  return data.error ?? { code: 'internal', message: failedReason ?? 'No reason is known.', advice: '' };
}

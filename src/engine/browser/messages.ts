import type { AdaptOptions, EngineEvent, UpscaleOptions, UpscaleReport } from '../contract';
import type { AdaptedWeights, Resume } from '../jobs/local-engine';
import type { PlainError } from '../common/errors';
import type { PictureInfo, Raster, Rect } from '../raster/raster';
import type { OrtBuild, OrtFiles } from '../runtime/ort-files';
import type { Network } from '../network/registry';
import type { Brought } from '../upscaling/take-in';

// What crosses between the page, which owns picture and result, and the engine's worker. Plain data only. Every
// message carries the number of its job: what belongs to a job that is over is dropped.

/** {@link UpscaleOptions} without what cannot cross: the listener and the signals. */
export type PlainOptions = Omit<UpscaleOptions, 'onEvent' | 'adapt'> & { adapt?: Omit<AdaptOptions, 'enough'> };

/** What the worker does for the page, each a job: what it is given, and what comes of it. */
export interface WorkerMethods {
  upscale(given: { info: PictureInfo; options: PlainOptions; resume: Resume }): UpscaleReport;
  takeIn(given: Brought): Network;
}

/** What the worker asks the page to do meanwhile. */
export interface PageMethods {
  read(rect: Rect): Raster;
  begin(info: PictureInfo): void;
  write(given: { x: number; y: number; piece: Raster }): void;
  end(given: null): void;
  /** Gets ONNX Runtime's files. */
  files(build: OrtBuild): OrtFiles;
}

/** A call of one of these methods, as it is sent. */
export type Call<Methods> = { [M in keyof Methods]: { method: M; given: Given<Methods, M> } }[keyof Methods];
/** The methods where they are carried out. */
export type Served<Methods> = {
  [M in keyof Methods]: (given: Given<Methods, M>) => Promise<Result<Methods, M>> | Result<Methods, M>;
};
export type Given<Methods, M extends keyof Methods> = Methods[M] extends (given: infer G) => unknown ? G : never;
export type Result<Methods, M extends keyof Methods> = Methods[M] extends (given: never) => infer R ? R : never;

/** Carries a call out. */
export async function serve<Methods>(served: Served<Methods>, { method, given }: Call<Methods>): Promise<unknown> {
  return (served[method] as (given: unknown) => unknown)(given);
}

export type ToWorker =
  | { type: 'start'; job: number; call: Call<WorkerMethods> }
  | { type: 'abort'; job: number }
  | { type: 'enough'; job: number }
  /** Answer to a request of the worker's. */
  | { type: 'answer'; job: number; request: number; value?: unknown; error?: PlainError };

export type FromWorker =
  | { type: 'request'; job: number; request: number; call: Call<PageMethods> }
  | { type: 'event'; job: number; event: EngineEvent }
  | { type: 'adapted'; job: number; adapted: AdaptedWeights }
  | { type: 'done'; job: number; result: unknown }
  | { type: 'failed'; job: number; error: PlainError };

/** The part of a worker's own side that the engine uses. */
export interface WorkerPort {
  postMessage(message: FromWorker, transfer?: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

/** The part of a `Worker` that the page's side uses. */
export interface WorkerLike {
  postMessage(message: ToWorker): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'error' | 'messageerror', listener: (event: { message?: string }) => void): void;
  terminate(): void;
}

/** Whether something received has the outward form of a message of ours. */
export function isMessage(data: unknown): data is { type: string; job: number } {
  const message = data as { type?: unknown; job?: unknown } | null;
  return (
    typeof message === 'object' &&
    message !== null &&
    typeof message.type === 'string' &&
    typeof message.job === 'number'
  );
}

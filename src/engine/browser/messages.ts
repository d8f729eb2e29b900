import type { AdaptOptions, EngineEvent, UpscaleOptions, UpscaleReport } from '../engine';
import type { AdaptedWeights, Resume } from '../engine-core';
import type { PlainError } from '../errors';
import type { PictureInfo, Raster, Rect } from '../raster/raster';
import type { OrtBuild } from '../runtime/ort-files';
import type { Network } from '../network/registry';
import type { Brought } from '../upscaling/take-in';

// What crosses between the page, which owns picture and result, and the engine's worker. Plain data only. Every
// message carries the number of its job: what belongs to a job that is over is dropped.

/** {@link UpscaleOptions} without what cannot cross: the listener and the signals. */
export type PlainOptions = Omit<UpscaleOptions, 'onEvent' | 'adapt'> & { adapt?: Omit<AdaptOptions, 'enough'> };

export type ToWorker =
  | { type: 'upscale'; job: number; info: PictureInfo; options: PlainOptions; resume: Resume }
  | { type: 'take-in'; job: number; brought: Brought }
  | { type: 'abort'; job: number }
  | { type: 'enough'; job: number }
  /** Answer to a request of the worker's. */
  | { type: 'answer'; job: number; request: number; value?: unknown; error?: PlainError };

/** What the worker asks the page to do. */
export type Request =
  | { what: 'read'; rect: Rect }
  | { what: 'begin'; info: PictureInfo }
  | { what: 'write'; x: number; y: number; piece: Raster }
  | { what: 'end' }
  | { what: 'files'; build: OrtBuild };

export type FromWorker =
  | { type: 'request'; job: number; request: number; ask: Request }
  | { type: 'event'; job: number; event: EngineEvent }
  | { type: 'adapted'; job: number; adapted: AdaptedWeights }
  | { type: 'done'; job: number; result: UpscaleReport | Network }
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

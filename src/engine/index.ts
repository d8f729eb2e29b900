/**
 * The engine as pages, Photoshop's page, the command line and the editors see it. Where it runs is a door of its own:
 * `engine/browser` and `engine/node`. All other modules of the engine are private (`layers` in eslint.config.js).
 */

// What may go wrong.
export { fromPlainError, isAbort, LWayError, toPlainError, type ErrorCode, type PlainError } from './common/errors';

// A job: what it is asked, what it says meanwhile, what it came to.
export type {
  AdaptationNetworks,
  AdaptationReport,
  AdaptOptions,
  Ends,
  Engine,
  EngineEvent,
  Mix,
  OutputSize,
  PreviewImage,
  SeriesEngine,
  SeriesOptions,
  Tuning,
  TuningOptions,
  TuningReport,
  UpscaleOptions,
  UpscaleReport,
} from './contract';
export type { Device } from './runtime/runtime';
export type { Speed } from './runtime/speed';
export type { LoadOrtFiles } from './runtime/ort-files';

// Networks: lists of them, their files, and files of other programs.
export type { ImageInput, Network, NetworkEntry, NetworkRegistry } from './network/registry';
export { checkNetwork, defaultId, findEntry, parseRegistry } from './network/load-network';
export { networkLimits } from './network/network-file';
export { hasExternalData, withDataInside } from './network/external-data';
export { adaptationNetworks, loadEstimators } from './network/adaptation-networks';
export type { BroughtFile } from './conversion';
export type { Brought } from './upscaling/take-in';
export { computedPixels } from './upscaling/upscale';
export type { SaidOfNetwork } from './upscaling/inspect-network';

// Weights: Detail, Noise and Blur mix a network's ends, the strength mixes original and adapted weights.
export { isEnd, knobs, loadEnds, mixEnds, nothingTunable, ownTuning, tunable, type Knob } from './adaptation/ends';
export { mixWeights } from './adaptation/strength';

// Pixels.
export {
  hasAlpha,
  type Channels,
  type PictureInfo,
  type PixelSink,
  type PixelSource,
  type Raster,
  type Rect,
  type TileStore,
} from './raster/raster';
export { contains, grow, intersect, relativeTo } from './raster/rect';
export { copyRect, createRaster, crop, plane } from './raster/planes';
export { bytesPerValue, ensureFinite, fromInterleaved, toInterleaved, type Interleaved } from './raster/depth';
export { fromHalves, toHalves } from './common/half';
export { sourceOf } from './raster/memory-source';
export { resize, Resampler, type ResampleKernel } from './raster/resample';
export { colourOfCodes, colourOfPng, profileOf, type Colour } from './raster/colour-profile';
export { highFrequencyMap } from './raster/wavelet';
export { SpillingTileStore } from './raster/store/tile-store';
export { breathe } from './common/breathe';
export { untilAborted } from './common/until-aborted';

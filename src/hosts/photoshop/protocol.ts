// What the two sides say to each other over the bridge. Everything here is plain JSON; pixels travel as attachments,
// interleaved, in the layer's own depth.
import type { Channels, Rect } from '../../engine';
import type { Destination, DocumentSummary } from '../host';
import type { Bridge, Method } from './bridge/bridge';

/** Global function that Photoshop calls to replay a recorded step. Recorded in people's actions: never rename it. */
export const PLAY_METHOD = 'lwayPlayUpscale';
/** Name of the history state, and of the recorded step. */
export const STEP_NAME = 'Upscale with LWay';

/** Longest side of a document that can be saved as .psd and as .psb (Adobe, "Photoshop file formats"). */
export const PSD_MAX_SIDE = 30_000;
export const PSB_MAX_SIDE = 300_000;

/** How the values of an attachment are stored: bytes, 16 bit (0..`white`) or float. */
export type SampleType = 'u8' | 'u16' | 'f32';

export interface PixelHeader {
  /** Where the pixels lie, relative to what was asked about; the rest of it is transparent. Empty: 0×0, no attachment. */
  rect: Rect;
  channels: Channels;
  type: SampleType;
  /** Integer value of white: 255, 32768 (Photoshop's own 16 bit) or 65535. 1 for floats. */
  white: number;
}

/** `open` → this. */
export interface TargetInfo {
  token: string;
  documentId: string;
  documentWidth: number;
  documentHeight: number;
  /** Longest side that the document may get where it is (.psd files stay below 30 000). */
  maxSide: number;
  layerId: string;
  layerName: string;
  bounds: Rect;
  channels: Channels;
  bitDepth: 8 | 16 | 32;
  linear: boolean;
  resolution: number;
  /** What is not as one may expect, for the person to read. */
  notices: string[];
}

export interface OpenParams {
  target: 'layer' | 'region';
}
/** Pixels and masks are asked for by square blocks of a fixed grid over `bounds`. */
export interface ReadParams {
  token: string;
  column: number;
  row: number;
}
/** Side of a block, in pixels. */
export const BLOCK = 1024;

/** Finished pieces wait on the host's side: `stage.open` makes a place for them, `stage.drop` empties it. */
export interface StageParams {
  stage: string;
}
/** `stage.write`, with the pixels attached; `rect` is relative to the result. */
export interface StageWriteParams extends PixelHeader, StageParams {}
export interface CommitParams extends StageParams {
  token: string;
  destination: Destination;
  width: number;
  height: number;
  layerName: string;
}
export interface RecordParams {
  info: Record<string, unknown>;
}
export interface PlayParams {
  info: Record<string, unknown>;
}
/** The page's answer to `play`. */
export interface PlayResult {
  /** Replaces the recorded step where Photoshop records it again. */
  info: Record<string, unknown>;
}
export interface PlayProgress {
  value: number;
  text: string;
}
export type CommandId = 'upscaleLayer' | 'upscaleSelection' | 'upscaleLast';
export interface CommandParams {
  id: CommandId;
}

/** `probe.host`: what the diagnostics page cannot know by itself. */
export interface HostFacts {
  photoshop: string;
  uxp: string;
  system: string;
  plugin: string;
}

/** One line of the diagnostics page; `id` is what docs/photoshop.md calls it. */
export interface ProbeLine {
  id: string;
  ok: boolean;
  found: string;
}

/** All that the two sides ask each other, by its name. */
export interface PhotoshopMethods {
  // The page asks the plugin.
  describe: Method<null, DocumentSummary | null>;
  open: Method<OpenParams, TargetInfo>;
  /** The pixels come attached. */
  read: Method<ReadParams, PixelHeader>;
  close: Method<Pick<ReadParams, 'token'>, void>;
  'stage.open': Method<null, StageParams>;
  'stage.write': Method<StageWriteParams, void>;
  'stage.drop': Method<StageParams, void>;
  /** Tells how much is written, 0..1. */
  commit: Method<CommitParams, void, number>;
  record: Method<RecordParams, { recorded: boolean; reason?: string }>;
  'settings.get': Method<{ key: string }, string | null>;
  'settings.set': Method<{ key: string; value: string }, void>;
  'probe.facts': Method<null, HostFacts>;
  'probe.photoshop': Method<null, readonly ProbeLine[]>;
  'probe.echo': Method;
  // The plugin asks the page.
  ping: Method<null, { idle: boolean } | null>;
  play: Method<PlayParams, PlayResult, PlayProgress>;
  command: Method<CommandParams, void>;
}
export type PhotoshopBridge = Bridge<PhotoshopMethods>;

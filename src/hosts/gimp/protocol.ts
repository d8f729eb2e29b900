// What LWay asks of its plug-in in GIMP, and what it gets: plug-in3/lway.py and plug-in2/ answer alike.
//
// LWay is started by the plug-in and asks over its standard output; answers come over its standard input, one for each
// question, in order. A message is one line of JSON; where it has `bytes`, so many bytes follow it. Pixels are as GIMP holds
// them, interleaved, little-endian.
import type { Channels, Rect } from '../../engine';

/** Grows where the two sides would no longer understand each other. */
export const protocolVersion = 1;

/** `panel`: the person wants to choose; `again`: the settings used last, without a window. */
export type Mode = 'panel' | 'again';

/** `hello` → this: the image and the layer from whose menu LWay was started. */
export interface Hello {
  protocol: number;
  /** GIMP's version. */
  gimp: string;
  mode: Mode;
  image: number;
  /** Null where it is not one single layer. */
  layer: number | null;
  /** How many layers are selected. */
  selected: number;
}

/** An image, and a layer of it. */
export type Place = readonly [image: number, layer: number | null];

export interface LayerFacts {
  id: number;
  name: string;
  group: boolean;
  bounds: Rect;
}

/** `describe` → `{ document }`: of the first candidate that is there; the last one also without its layer. */
export interface DocumentFacts {
  image: number;
  name: string;
  width: number;
  height: number;
  base: 'rgb' | 'gray' | 'indexed';
  /** `GimpPrecision`: hundreds for the type, the rest for the encoding; see samples.ts. */
  precision: number;
  /** Bounds of the selection inside the image. */
  selection: Rect | null;
  /** A floating selection waits to be anchored. */
  floating: boolean;
  layer: LayerFacts | null;
}

/** `open` → this. Pixels, mask and selection are copies from then on. */
export interface OpenFacts {
  token: string;
  alpha: boolean;
  visible: boolean;
  /** Not simply normal at 100 %. */
  blended: boolean;
  mask: 'enabled' | 'disabled' | null;
  /** Pixels per inch. */
  resolution: number;
}

/** Where pixels are read from: layer and mask by the layer's own coordinates, the selection by the image's. */
export type Part = 'pixels' | 'mask' | 'selection';

/** What has changed since a layer was opened. */
export type Change = 'closed' | 'layer' | 'floating' | 'mode' | 'size' | 'place' | 'masked' | 'pixels' | 'mask';

export interface StageQuestion {
  op: 'stage';
  token: string;
  width: number;
  height: number;
  channels: Channels;
  mask: boolean;
  name: string;
}

export interface CommitQuestion {
  op: 'commit';
  token: string;
  stage: string;
  name: string;
  destination: 'layer' | 'document';
  resolution: number;
  /** The image's new size, and where in it the new layer lies. */
  size: { width: number; height: number };
  x: number;
  y: number;
  maskApplied: boolean;
  /** What becomes of the original: hidden, or masked where the new layer lies. */
  hide: 'none' | 'layer' | 'hole';
  /** A plain rectangle that was selected, at its new size. */
  select: Rect | null;
}

export type Question =
  | { op: 'hello' }
  | { op: 'describe'; candidates: readonly Place[] }
  | { op: 'open'; image: number; layer: number }
  | ({ op: 'read'; token: string; what: Part } & Rect)
  | { op: 'check'; token: string }
  | { op: 'close'; token: string }
  | StageQuestion
  | ({ op: 'write'; stage: string; what: 'pixels' | 'mask' } & Rect)
  | { op: 'drop'; stage: string }
  | CommitQuestion
  | { op: 'progress'; text: string; done: number | null }
  | { op: 'fail'; message: string };

export const operations: readonly Question['op'][] = [
  'hello',
  'describe',
  'open',
  'read',
  'check',
  'close',
  'stage',
  'write',
  'drop',
  'commit',
  'progress',
  'fail',
];

/** `closed`: image or layer are gone; `failed`: what GIMP said is in `message`. */
export interface Refusal {
  error: { code: 'closed' | 'failed'; message?: string };
}

/** Asks the plug-in, from wherever this side runs. */
export interface GimpPort {
  /**
   * @param bytes pixels that go along
   * @returns what the plug-in answered, not looked at, and the pixels that came along
   * @throws LWayError where GIMP or the plug-in is gone; the signal's reason
   */
  ask(signal: AbortSignal, question: Question, bytes?: Uint8Array): Promise<{ answer: unknown; bytes: Uint8Array }>;
}

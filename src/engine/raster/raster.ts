/** A rectangle in whole pixels; `x`,`y` is its top left corner. */
export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha. */
export type Channels = 1 | 2 | 3 | 4;

/**
 * Pixels as the engine holds them: planar float32, one plane of `width * height` values after the other, colour
 * first, alpha (straight, not premultiplied) last. 0..1 is the picture's black to white; float pictures may go outside.
 */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** `channels * height * width` values: [channel][row][column], the NCHW order of networks. */
  readonly data: Float32Array;
}

/** What is known of a picture without reading its pixels. */
export interface PictureInfo {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  /** Depth in which the picture came and in which the result is written: 8 and 16 are integers, 32 is float. */
  readonly bitDepth: 8 | 16 | 32;
  /** `display`: values encoded for a display (sRGB-like); `linear`: light, as 32-bit documents hold it. */
  readonly encoding: 'display' | 'linear';
  /** The ICC profile that the values are meant in, carried along untouched. */
  readonly iccProfile?: Uint8Array;
  /** Pixels per inch, carried along. */
  readonly resolution?: number;
}

/** Where pixels come from, piece by piece. `rect` lies inside the picture; reading may be repeated. */
export interface PixelSource {
  readonly info: PictureInfo;
  read(signal: AbortSignal, rect: Rect): Promise<Raster>;
}

/** Where finished pixels go, piece by piece. Pieces do not overlap and cover the picture once `end` is called. */
export interface PixelSink {
  begin(signal: AbortSignal, info: PictureInfo): Promise<void>;
  write(signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void>;
  end(signal: AbortSignal): Promise<void>;
}

/**
 * Holds the finished pieces of a result until the host takes them in one step: a sink while the engine works, a source
 * afterwards. `dispose` frees memory and temporary files; it is safe to call twice.
 */
export interface TileStore extends PixelSink, PixelSource {
  dispose(): Promise<void>;
}

/** Whether the last channel is alpha. */
export function hasAlpha(channels: Channels): boolean {
  return channels === 2 || channels === 4;
}

import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { contains, type PictureInfo, type PixelSink, type Raster, toInterleaved } from '../../engine';
import { writeError } from './file-errors';
import type { ColourSpace, MetadataField, SampleType } from './vips-file';
import { encodeHeader, encodeTrailer, headerBytes, sampleTypes } from './vips-file';

export interface SinkOptions {
  /** What libvips shall find beside the pixels: the profile. */
  metadata: readonly MetadataField[];
  /** Writes this depth instead of the source's. */
  bitDepth?: 8 | 16;
  /** Name of the result for error messages. */
  label: string;
}

/** The result growing in a work file, each row at its place; `end` completes it so that libvips can encode it. */
export class PictureSink implements PixelSink {
  private file: FileHandle | null = null;
  private picture: PictureInfo | null = null;
  private pixels = 0;

  constructor(
    private readonly path: string,
    private readonly options: SinkOptions,
  ) {}

  async begin(signal: AbortSignal, info: PictureInfo): Promise<void> {
    signal.throwIfAborted();
    this.picture = { ...info, bitDepth: this.options.bitDepth ?? info.bitDepth };
    await this.guard(async () => {
      this.file = await open(this.path, 'wx');
      await this.put(this.header(), 0);
    });
  }

  async write(signal: AbortSignal, x: number, y: number, piece: Raster): Promise<void> {
    signal.throwIfAborted();
    const { width, height, channels, bitDepth } = this.info;
    const rect = { x, y, width: piece.width, height: piece.height };
    if (piece.channels !== channels || !contains({ x: 0, y: 0, width, height }, rect)) {
      throw new RangeError('A piece does not fit into the result.');
    }
    const values = toInterleaved(piece, bitDepth);
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const pixelBytes = (channels * bitDepth) / 8;
    const rowBytes = piece.width * pixelBytes;
    await this.guard(async () => {
      if (piece.width === width) return this.put(bytes, headerBytes + y * rowBytes);
      for (let row = 0; row < piece.height; row++) {
        if (row % 64 === 0) signal.throwIfAborted();
        const at = headerBytes + ((y + row) * width + x) * pixelBytes;
        await this.put(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), at);
      }
    });
    this.pixels += piece.width * piece.height;
  }

  async end(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { width, height, channels, bitDepth } = this.info;
    if (this.pixels !== width * height) throw new RangeError('The pieces do not cover the result.');
    const fields = this.options.metadata;
    await this.guard(async () => {
      const end = headerBytes + (width * height * channels * bitDepth) / 8;
      await this.put(Buffer.from(encodeTrailer(fields), 'utf8'), end);
    });
    await this.close();
  }

  /** Size and form of the result; known after `begin`. */
  get info(): PictureInfo {
    if (!this.picture) throw new RangeError('The result has not begun.');
    return this.picture;
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = null;
    await file?.close();
  }

  private header(): Buffer {
    const { width, height, channels, bitDepth } = this.info;
    const sample: SampleType = bitDepth === 8 ? 'uint8' : bitDepth === 16 ? 'uint16' : 'float32';
    return encodeHeader({
      width,
      height,
      bands: channels,
      sample,
      space: colourSpaceOf(channels, sampleTypes[sample].bytes),
      // What a file says of it is written into the result itself.
      xResolution: 1,
      yResolution: 1,
    });
  }

  private async put(bytes: Buffer, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await this.file!.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  }

  private async guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw writeError(error, this.options.label);
    }
  }
}

/** libvips' name for what `channels` values of `bytes` bytes mean; gray float files have no name of their own. */
export function colourSpaceOf(channels: number, bytes: number): ColourSpace {
  if (channels < 3) return bytes === 2 ? 'grey16' : 'b-w';
  return bytes === 1 ? 'srgb' : bytes === 2 ? 'rgb16' : 'scrgb';
}

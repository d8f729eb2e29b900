import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import {
  type Channels,
  fromInterleaved,
  type Interleaved,
  LWayError,
  type PictureInfo,
  type PixelSource,
  type Raster,
  type Rect,
} from '../../engine';
import type { MetadataField, VipsHeader } from './vips-file';
import { decodeHeader, decodeTrailer, headerBytes, iccProfileOf, sampleTypes } from './vips-file';

const millimetresPerInch = 25.4;

/** A picture in an uncompressed work file, read piece by piece: memory depends on the piece, not on the picture. */
export class PictureSource implements PixelSource {
  private constructor(
    private readonly file: FileHandle,
    readonly header: VipsHeader,
    readonly metadata: readonly MetadataField[],
    readonly info: PictureInfo,
  ) {}

  /** @throws LWayError `unsupported` where LWay does not work in the picture's samples or channels */
  static async open(path: string): Promise<PictureSource> {
    const file = await open(path, 'r');
    try {
      const first = Buffer.alloc(headerBytes);
      await file.read(first, 0, headerBytes, 0);
      const header = decodeHeader(first);
      const { size } = await file.stat();
      const pixelBytes = header.width * header.height * header.bands * sampleTypes[header.sample].bytes;
      const trailer = Buffer.alloc(Math.max(0, size - headerBytes - pixelBytes));
      await file.read(trailer, 0, trailer.length, headerBytes + pixelBytes);
      const metadata = decodeTrailer(trailer.toString('utf8'));
      return new PictureSource(file, header, metadata, describe(header, metadata));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(signal: AbortSignal, rect: Rect): Promise<Raster> {
    signal.throwIfAborted();
    const { width, bands, sample } = this.header;
    const pixelBytes = bands * sampleTypes[sample].bytes;
    const rowBytes = rect.width * pixelBytes;
    const bytes = Buffer.alloc(rowBytes * rect.height);
    const at = (row: number) => headerBytes + ((rect.y + row) * width + rect.x) * pixelBytes;
    if (rect.width === width) {
      await this.fill(bytes, 0, bytes.length, at(0));
    } else {
      // A window of many rows: in groups, so that a large tile does not queue thousands of reads at once.
      for (let row = 0; row < rect.height; row += rowsAtOnce) {
        signal.throwIfAborted();
        const rows = Array.from({ length: Math.min(rowsAtOnce, rect.height - row) }, (_, i) => row + i);
        await Promise.all(rows.map((each) => this.fill(bytes, each * rowBytes, rowBytes, at(each))));
      }
    }
    signal.throwIfAborted();
    const values = view(bytes, sample);
    return fromInterleaved(values, rect.width, rect.height, this.info.channels);
  }

  /**
   * Looks at every value of a float picture.
   * @throws LWayError `bad-image` where one is not a number or infinite
   */
  async ensureFinite(signal: AbortSignal): Promise<void> {
    if (this.info.bitDepth !== 32) return;
    const { width, height } = this.info;
    const rows = Math.max(1, Math.floor(2 ** 22 / width));
    for (let y = 0; y < height; y += rows) {
      await this.read(signal, { x: 0, y, width, height: Math.min(rows, height - y) });
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private async fill(target: Buffer, offset: number, length: number, position: number): Promise<void> {
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.file.read(target, offset + done, length - done, position + done);
      if (bytesRead === 0) throw new LWayError('storage', 'A temporary file has become shorter.', 'Try again.');
      done += bytesRead;
    }
  }
}

const rowsAtOnce = 64;

function view(bytes: Buffer, sample: VipsHeader['sample']): Interleaved {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (sample) {
    case 'uint8':
      return bytes;
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case 'float32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'float64':
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
  }
}

function describe(header: VipsHeader, metadata: readonly MetadataField[]): PictureInfo {
  if (header.bands < 1 || header.bands > 4) {
    throw new LWayError(
      'unsupported',
      `The picture has ${header.bands} channels; LWay upscales grayscale and RGB pictures with or without transparency.`,
      'Save it without extra channels.',
    );
  }
  const bitDepth = header.sample === 'uint8' ? 8 : header.sample === 'uint16' ? 16 : 32;
  const resolution = header.xResolution * millimetresPerInch;
  return {
    width: header.width,
    height: header.height,
    channels: header.bands as Channels,
    bitDepth,
    encoding: encodingOf(bitDepth),
    iccProfile: iccProfileOf(metadata),
    resolution: resolution > 0 ? resolution : undefined,
  };
}

/** Float files hold light, as Photoshop and scRGB have it. */
export function encodingOf(bitDepth: PictureInfo['bitDepth']): PictureInfo['encoding'] {
  return bitDepth === 32 ? 'linear' : 'display';
}

/** A rectangle of a source, seen as a picture of its own. */
export function regionOf(source: PixelSource, region: Rect): PixelSource {
  return {
    info: { ...source.info, width: region.width, height: region.height },
    read: (signal, rect) => source.read(signal, { ...rect, x: rect.x + region.x, y: rect.y + region.y }),
  };
}

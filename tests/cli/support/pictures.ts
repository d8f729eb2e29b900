import sharp, { type Metadata, type Sharp } from 'sharp';

export type Samples = Uint8Array | Uint16Array | Float32Array;

interface SamplesType {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Samples;
  new (buffer: ArrayBufferLike, offset: number, length: number): Samples;
}

export interface Picture {
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  data: Samples;
}

/** A smooth picture with a little of everything: no two channels alike, alpha from clear to opaque where there is one. */
export function drawn(width: number, height: number, channels: 1 | 2 | 3 | 4, depth: 8 | 16 = 8): Picture {
  const white = depth === 8 ? 255 : 65535;
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const wave = 0.5 + 0.4 * Math.sin((x + 1) * 0.31 * (c + 1) + y * 0.17) * Math.cos(y * 0.23 + c);
        data[(y * width + x) * channels + c] = Math.round(wave * white);
      }
    }
  }
  return { width, height, channels, data };
}

/** Blobs with hard edges on even ground, half of them textured: something to learn, and nothing that looks like noise. */
export function scene(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const blob = Math.sin(x / 7 + 1) + Math.cos(y / 5) > 0.4 ? 190 - 20 * c : 60 + 10 * c;
    data[i] = Math.round(blob + (x > width / 2 ? 20 * Math.sin(1.9 * x) * Math.sin(2.3 * y) : 0));
  }
  return { width, height, channels: 3, data };
}

/** `picture` as a sharp pipeline whose colour space is what the samples say. */
export function pipeline({ width, height, channels, data }: Picture): Sharp {
  const wide = data instanceof Uint16Array;
  const space = channels < 3 ? (wide ? 'grey16' : 'b-w') : wide ? 'rgb16' : 'srgb';
  return sharp(data, { raw: { width, height, channels } }).toColourspace(space);
}

export async function writePng(path: string, picture: Picture): Promise<void> {
  await pipeline(picture).png().toFile(path);
}

/** A file's pixels in their own depth, without any colour conversion. */
export async function readPicture(path: string): Promise<Picture & { meta: Metadata }> {
  const file = () => sharp(path, { ignoreIcc: true, limitInputPixels: false });
  const meta = await file().metadata();
  const read = async (from: Sharp) => {
    const { data } = await from.raw({ depth: meta.depth as 'uchar' }).toBuffer({ resolveWithObject: true });
    const Type = { uchar: Uint8Array, ushort: Uint16Array, float: Float32Array }[meta.depth as 'uchar'] as SamplesType;
    return new Type(data.buffer, data.byteOffset, data.byteLength / Type.BYTES_PER_ELEMENT);
  };
  const { width, height, channels } = meta as Pick<Picture, 'width' | 'height' | 'channels'>;
  if (channels !== 2) return { width, height, channels, data: await read(file().toColourspace(meta.space)), meta };
  // sharp drops the alpha of raw gray output: each channel on its own.
  const planes = [await read(file().extractChannel(0)), await read(file().extractChannel('alpha'))];
  const data = new (planes[0]!.constructor as SamplesType)(width * height * 2);
  for (let i = 0; i < data.length; i++) data[i] = planes[i % 2]![i >> 1]!;
  return { width, height, channels, data, meta };
}

/** Every pixel twice as wide and high. */
export function doubled({ width, height, channels, data }: Picture): Picture {
  const out = new (data.constructor as SamplesType)(data.length * 4);
  for (let y = 0; y < 2 * height; y++) {
    for (let x = 0; x < 2 * width; x++) {
      for (let c = 0; c < channels; c++) {
        out[(y * 2 * width + x) * channels + c] = data[((y >> 1) * width + (x >> 1)) * channels + c]!;
      }
    }
  }
  return { width: 2 * width, height: 2 * height, channels, data: out };
}

/** The largest difference between two pictures of the same shape. */
export function difference(a: Picture, b: Picture): number {
  const shape = ({ width, height, channels }: Picture) => `${width}×${height}×${channels}`;
  if (shape(a) !== shape(b)) throw new Error(`Pictures of different shapes: ${shape(a)} and ${shape(b)}.`);
  let most = 0;
  for (let i = 0; i < a.data.length; i++) most = Math.max(most, Math.abs(a.data[i]! - b.data[i]!));
  return most;
}

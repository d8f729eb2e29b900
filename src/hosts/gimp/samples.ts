import {
  type Channels,
  ensureFinite,
  fromHalves,
  fromInterleaved,
  type PictureInfo,
  type Raster,
  toHalves,
  toInterleaved,
} from '../../engine';

/** How a value is stored. */
export type SampleType = 'u8' | 'u16' | 'u32' | 'half' | 'float' | 'double';

const types: Readonly<Record<number, SampleType>> = { 1: 'u8', 2: 'u16', 3: 'u32', 5: 'half', 6: 'float', 7: 'double' };

/** Bytes of one value. */
export const sampleBytes: Readonly<Record<SampleType, 1 | 2 | 4 | 8>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  half: 2,
  float: 4,
  double: 8,
};

const largest32 = 2 ** 32 - 1;

/** The type of the values of an image. @param precision GIMP's number (`GimpPrecision`) */
export function sampleType(precision: number): SampleType {
  const type = types[Math.floor(precision / 100)];
  if (!type) throw new RangeError(`LWay does not know GIMP's precision ${precision}.`);
  return type;
}

/** Depth and encoding in which the engine gets an image: linear light is always float there, whatever its depth. */
export function pictureDepth(precision: number): Pick<PictureInfo, 'bitDepth' | 'encoding'> {
  if (precision % 100 === 0) return { bitDepth: 32, encoding: 'linear' };
  return { bitDepth: depthOf(sampleType(precision)), encoding: 'display' };
}

export function depthOf(type: SampleType): 8 | 16 | 32 {
  return type === 'u8' ? 8 : type === 'u16' ? 16 : 32;
}

/** Pixels as they came from GIMP → planar float32. Not-a-number and infinity are repaired. */
export function decodeSamples(
  type: SampleType,
  bytes: Uint8Array,
  width: number,
  height: number,
  channels: Channels,
): Raster {
  const { buffer, byteOffset, byteLength } = byteOffsetAligned(bytes, sampleBytes[type]);
  const count = byteLength / sampleBytes[type];
  const values = () => {
    switch (type) {
      case 'u8':
        return new Uint8Array(buffer, byteOffset, count);
      case 'u16':
        return new Uint16Array(buffer, byteOffset, count);
      case 'u32':
        return Float32Array.from(new Uint32Array(buffer, byteOffset, count), (value) => value / largest32);
      case 'half':
        return fromHalves(new Uint16Array(buffer, byteOffset, count));
      case 'float':
        return new Float32Array(buffer, byteOffset, count);
      case 'double':
        return Float32Array.from(new Float64Array(buffer, byteOffset, count));
    }
  };
  return fromInterleaved(values(), width, height, channels, { nonFinite: 'repair' });
}

/** Planar float32 → pixels as GIMP holds them; integers are rounded and clamped. */
export function encodeSamples(type: SampleType, raster: Raster): Uint8Array {
  if (type === 'u8' || type === 'u16') return bytesOf(toInterleaved(raster, type === 'u8' ? 8 : 16));
  const values = toInterleaved(raster, 32);
  ensureFinite(values, 'repair');
  switch (type) {
    case 'u32':
      return bytesOf(Uint32Array.from(values, (value) => Math.round(Math.min(1, Math.max(0, value)) * largest32)));
    case 'half':
      return bytesOf(toHalves(values));
    case 'float':
      return bytesOf(values);
    case 'double':
      return bytesOf(Float64Array.from(values));
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Typed arrays need their place in the buffer to be a multiple of their size. */
function byteOffsetAligned(bytes: Uint8Array, size: number) {
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return { buffer: aligned.buffer as ArrayBuffer, byteOffset: aligned.byteOffset, byteLength: aligned.byteLength };
}

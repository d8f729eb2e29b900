import { readDirectories } from './tiff/directory';

/** EXIF orientation: 1 upright, 2–8 mirrored or turned (Exif 2.32, tag 0x0112). */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/**
 * Takes the orientation out of a WebP file: browsers differ in whether they apply it, so none shall.
 * @returns the orientation, and the file without its EXIF chunk's name
 */
export function takeOrientation(webp: Uint8Array): { orientation: Orientation; bytes: Uint8Array } {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  for (let at = 12; at + 8 <= webp.length;) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) === 0x45584946) {
      const bytes = new Uint8Array(webp);
      bytes.set([0x58, 0x58, 0x58, 0x58], at); // a chunk that nobody knows is skipped
      return { orientation: readOrientation(webp.subarray(at + 8, at + 8 + length)), bytes };
    }
    at += 8 + length + (length & 1);
  }
  return { orientation: 1, bytes: webp };
}

/** The orientation in a block of EXIF data; 1 where it is damaged or says nothing. */
export function readOrientation(exif: Uint8Array): Orientation {
  // Some writers keep the prefix that the block has in a JPEG.
  const tiff = exif[0] === 0x45 && exif[1] === 0x78 ? exif.subarray(6) : exif;
  const value = readDirectories(tiff).pages[0]?.number(0x0112, 1) ?? 1;
  return value >= 1 && value <= 8 ? (value as Orientation) : 1;
}

/** Interleaved pixels turned upright. */
export function turnUpright<T extends Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array>(
  samples: T,
  width: number,
  height: number,
  channels: number,
  orientation: Orientation,
): { samples: T; width: number; height: number } {
  if (orientation === 1) return { samples, width, height };
  const swapped = orientation >= 5;
  const [w, h] = swapped ? [height, width] : [width, height];
  const out = samples.slice() as T;
  for (let y = 0, o = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      // Where the upright picture's pixel lies in the stored one.
      const [u, v] = swapped ? [y, x] : [x, y];
      const sx = [2, 3, 7, 8].includes(orientation) ? width - 1 - u : u;
      const sy = [3, 4, 6, 7].includes(orientation) ? height - 1 - v : v;
      for (let c = 0, i = (sy * width + sx) * channels; c < channels; c++) out[o++] = samples[i++]!;
    }
  }
  return { samples: out, width: w, height: h };
}

import { typeBytes } from '../../pictures/tiff/layout';

/**
 * EXIF (JEITA CP-3451) as a TIFF structure, the form in which JPEG, PNG and WebP all carry it. Only what would be wrong
 * or would show the old picture is changed, in place; the rest travels untouched.
 */

interface Entry {
  tag: number;
  type: number;
  count: number;
  /** Where its value stands. */
  at: number;
}

/**
 * EXIF that is right for a picture of `width`×`height` upright pixels: no thumbnail, which would show the old one, and no
 * maker's notes, which may hold another and break when moved.
 *
 * @returns undefined where it cannot be read
 */
export function exifFor(
  exif: Uint8Array,
  { width, height, resolution }: { width: number; height: number; resolution?: number },
): Uint8Array | undefined {
  const out = new Uint8Array(exif);
  const view = new DataView(out.buffer);
  try {
    const order = view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) return undefined;
    const little = order === 0x4949;
    if (view.getUint16(2, little) !== 42) return undefined;
    const entries = (ifd: number): Entry[] =>
      Array.from({ length: view.getUint16(ifd, little) }, (_, i) => {
        const at = ifd + 2 + 12 * i;
        const [type, count] = [view.getUint16(at + 2, little), view.getUint32(at + 4, little)];
        const long = (typeBytes[type] ?? 1) * count > 4;
        return { tag: view.getUint16(at, little), type, count, at: long ? view.getUint32(at + 8, little) : at + 8 };
      });
    const setNumber = ({ type, at }: Entry, value: number) =>
      type === 3 ? view.setUint16(at, value, little) : view.setUint32(at, value, little);

    const main = view.getUint32(4, little);
    const first = entries(main);
    for (const entry of first) {
      if (entry.tag === 0x0112) setNumber(entry, 1);
      if (entry.tag === 0x0100) setNumber(entry, width);
      if (entry.tag === 0x0101) setNumber(entry, height);
      if (entry.tag === 0x0128 && resolution) setNumber(entry, 2);
      if ((entry.tag === 0x011a || entry.tag === 0x011b) && resolution) {
        view.setUint32(entry.at, Math.round(resolution * 100), little);
        view.setUint32(entry.at + 4, 100, little);
      }
    }
    const camera = first.find(({ tag }) => tag === 0x8769);
    for (const entry of camera ? entries(view.getUint32(camera.at, little)) : []) {
      if (entry.tag === 0xa002) setNumber(entry, width);
      if (entry.tag === 0xa003) setNumber(entry, height);
      if (entry.tag === 0x927c) out.fill(0, entry.at, entry.at + entry.count);
    }
    const next = main + 2 + 12 * first.length;
    const thumbnail = view.getUint32(next, little);
    if (thumbnail !== 0) {
      const small = entries(thumbnail);
      const value = (tag: number) => {
        const entry = small.find((one) => one.tag === tag);
        return entry ? view.getUint32(entry.at, little) : 0;
      };
      const [from, length] = [value(0x0201), value(0x0202)];
      out.fill(0, from, from + length);
      out.fill(0, thumbnail, thumbnail + 2 + 12 * small.length + 4);
      view.setUint32(next, 0, little);
    }
    return out;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

import type { PictureMetadata } from '../../pictures/picture';

const ascii = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));

/** What a JPEG, PNG or WebP says of its picture; undefined where that is nothing. */
export function findMetadata(bytes: Uint8Array): PictureMetadata | undefined {
  const exif = findExif(bytes);
  return exif && { exif };
}

function findExif(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint16(0) === 0xffd8) return inJpeg(bytes, view);
    if (view.getUint32(0) === 0x89504e47) return inChunks(bytes, view, 8, 'png');
    if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return inChunks(bytes, view, 12, 'webp');
  } catch (error) {
    // A file that ends too early: without EXIF it is still a picture, or the decoder will say that it is none.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

function inJpeg(bytes: Uint8Array, view: DataView): Uint8Array | undefined {
  for (let at = 2; view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xda) return undefined; // the picture itself
    const length = view.getUint16(at + 2);
    if (marker === 0xe1 && ascii(bytes, at + 4, 6) === 'Exif\0\0') return bytes.slice(at + 10, at + 2 + length);
  }
  return undefined;
}

function inChunks(bytes: Uint8Array, view: DataView, from: number, kind: 'png' | 'webp'): Uint8Array | undefined {
  for (let at = from; at + 8 <= bytes.length;) {
    const [name, length] =
      kind === 'png'
        ? [ascii(bytes, at + 4, 4), view.getUint32(at)]
        : [ascii(bytes, at, 4), view.getUint32(at + 4, true)];
    if (name === 'eXIf' || name === 'EXIF') {
      const data = bytes.slice(at + 8, at + 8 + length);
      // Some writers leave JPEG's own prefix in.
      return ascii(data, 0, 6) === 'Exif\0\0' ? data.slice(6) : data;
    }
    at += kind === 'png' ? 12 + length : 8 + length + (length & 1);
  }
  return undefined;
}

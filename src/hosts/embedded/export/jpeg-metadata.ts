import { writeIptc } from '../../../pictures/iptc';
import type { PictureMetadata } from '../../../pictures/picture';

/** What is written into a finished file. */
export interface FileMetadata extends PictureMetadata {
  readonly iccProfile?: Uint8Array;
  /** Pixels per inch. */
  readonly resolution?: number;
}

const encoder = new TextEncoder();
const adobe = encoder.encode('http://ns.adobe.com/xap/1.0/\0');
/** Bytes that a segment may hold beside its length. */
const room = 65_533;

/**
 * Puts profile (ICC.1 B.4), resolution (JFIF) and metadata into a JPEG; those that were there go.
 * @param jpeg begins with a JFIF segment, as browsers write it
 */
export function withJpegMetadata(
  jpeg: Uint8Array<ArrayBuffer>,
  { iccProfile, resolution, exif, xmp, iptc }: FileMetadata,
): Uint8Array<ArrayBuffer>[] {
  const parts: Uint8Array<ArrayBuffer>[] = [Uint8Array.of(0xff, 0xd8)];
  const density = Math.min(65_535, Math.round(resolution ?? 0));
  parts.push(
    segment(
      0xe0,
      encoder.encode('JFIF\0'),
      // Version 1.2; unit: 0 none, 1 per inch; both densities; no thumbnail.
      Uint8Array.of(
        1,
        2,
        density ? 1 : 0,
        ...(density ? [density >> 8, density & 255, density >> 8, density & 255] : [0, 1, 0, 1]),
        0,
        0,
      ),
    ),
  );
  if (exif && exif.length + 6 <= room) parts.push(segment(0xe1, encoder.encode('Exif\0\0'), exif));
  // Packets carry kilobytes of blanks to be edited in place. What is longer than a segment all the same is left out.
  const packet = xmp === undefined ? undefined : encoder.encode(xmp.replace(/\s{100,}/g, '\n'));
  if (packet && packet.length <= room - adobe.length) parts.push(segment(0xe1, adobe, packet));
  if (iptc) {
    const resources = writeIptc(iptc, true);
    for (let from = 0; from < resources.length; from += room)
      parts.push(segment(0xed, new Uint8Array(), resources.subarray(from, from + room)));
  }
  if (iccProfile) {
    const most = room - 14;
    const count = Math.ceil(iccProfile.length / most);
    for (let i = 0; i < count; i++) {
      const head = [...encoder.encode('ICC_PROFILE\0'), i + 1, count];
      parts.push(segment(0xe2, Uint8Array.from(head), iccProfile.subarray(i * most, (i + 1) * most)));
    }
  }
  // What comes before the first table: application segments, in place of which stand those above.
  let at = 2;
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  while (view.getUint8(at) === 0xff && (view.getUint8(at + 1) & 0xf0) === 0xe0) at += 2 + view.getUint16(at + 2);
  parts.push(jpeg.subarray(at));
  return parts;
}

function segment(marker: number, head: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = 2 + head.length + data.length;
  const out = new Uint8Array(2 + length);
  out.set([0xff, marker, length >> 8, length & 255]);
  out.set(head, 4);
  out.set(data, 4 + head.length);
  return out;
}

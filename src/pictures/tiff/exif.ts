import { readDirectories, type Directory } from './directory';
import { entryOf, putDirectory, type Entry } from './entries';

/** Where a TIFF's directory has those of the camera and of the place. */
const [camera, place] = [34665, 34853];
/** Of the first directory: description, make, model, software, date, artist, copyright, and Windows' words. */
const telling = new Set([270, 271, 272, 305, 306, 315, 33432, 40091, 40092, 40093, 40094, 40095]);
/** Maker's notes and the interoperability directory hold places in their old file, and mean nothing in another. */
const bound = new Set([37500, 40965]);

interface Exif {
  readonly image: readonly Entry[];
  readonly camera: readonly Entry[];
  readonly place: readonly Entry[];
}

function entriesOf(page: Directory | undefined, at: (offset: number) => Directory | undefined): Exif {
  const below = (tag: number) => (at(page?.number(tag, 0) ?? 0)?.entries() ?? []).filter((one) => !bound.has(one.tag));
  const image = (page?.entries() ?? []).filter(({ tag }) => telling.has(tag));
  return { image, camera: below(camera), place: below(place) };
}

/** Puts EXIF and `more` of the first directory into a TIFF. @returns where the first directory lies */
function put(exif: Exif, more: readonly Entry[], add: (bytes: Uint8Array<ArrayBuffer>) => number): number {
  const below = (tag: number, entries: readonly Entry[]) =>
    entries.length > 0 ? [entryOf(tag, 4, [putDirectory(entries, add)])] : [];
  return putDirectory([...exif.image, ...more, ...below(camera, exif.camera), ...below(place, exif.place)], add);
}

/**
 * What a page of a TIFF says of its picture, as the structure of its own in which other formats carry it.
 * @param at reads a directory elsewhere in the file
 * @returns undefined where it says nothing
 */
export function exifOfPage(page: Directory, at: (offset: number) => Directory | undefined): Uint8Array | undefined {
  const exif = entriesOf(page, at);
  if (exif.image.length + exif.camera.length + exif.place.length === 0) return undefined;
  const parts: { from: number; bytes: Uint8Array }[] = [];
  let end = 8;
  const first = put(exif, [], (bytes) => {
    const from = end;
    parts.push({ from, bytes });
    end += bytes.length + (bytes.length & 1);
    return from;
  });
  const out = new Uint8Array(end);
  out.set([0x49, 0x49, 42]);
  new DataView(out.buffer).setUint32(4, first, true);
  for (const { from, bytes } of parts) out.set(bytes, from);
  return out;
}

/** Puts the first directory of a TIFF: its own entries, and what EXIF in a structure of its own says besides. */
export function putWithExif(
  own: readonly Entry[],
  exif: Uint8Array | undefined,
  add: (bytes: Uint8Array<ArrayBuffer>) => number,
): number {
  if (!exif) return putDirectory(own, add);
  const { pages, at } = readDirectories(exif);
  return put(entriesOf(pages[0], at), own, add);
}

import { isCarried, isDescribing, tags } from '../exif-tags';
import { textAsExif, type PngText } from '../png-text';
import { readDirectories, type Directory } from './directory';
import { entryOf, putDirectory, type Entry } from './entries';

/** What is carried of EXIF; the values are little-endian. */
interface Exif {
  readonly image: readonly Entry[];
  readonly camera: readonly Entry[];
  readonly place: readonly Entry[];
  readonly interoperability: readonly Entry[];
}

type At = (offset: number) => Directory | undefined;

function entriesOf(page: Directory | undefined, at: At): Exif {
  const below = (directory: Directory | undefined, tag: number) => at(directory?.number(tag, 0) ?? 0);
  const carried = (directory: Directory | undefined) => (directory?.entries() ?? []).filter(isCarried);
  const camera = below(page, tags.exif);
  return {
    image: (page?.entries() ?? []).filter(isDescribing).map((entry) =>
      // The pixels are upright already.
      entry.tag === tags.orientation ? entryOf(entry.tag, 3, [1]) : entry,
    ),
    camera: carried(camera).map((entry) => (camera!.little ? entry : swappedComment(entry))),
    place: carried(below(page, tags.gps)),
    interoperability: carried(below(camera, tags.interoperability)),
  };
}

/** A UTF-16 comment is in the byte order of its block, though its type says bytes. */
function swappedComment(entry: Entry): Entry {
  if (entry.tag !== tags.userComment || !/^UNICODE/.test(String.fromCharCode(...entry.value.subarray(0, 7))))
    return entry;
  const value = new Uint8Array(entry.value);
  for (let at = 8; at + 2 <= value.length; at += 2) value.subarray(at, at + 2).reverse();
  return { ...entry, value };
}

/** Puts EXIF and `more` of the first directory into a TIFF. @returns where the first directory lies */
function put(exif: Exif, more: readonly Entry[], add: (bytes: Uint8Array<ArrayBuffer>) => number): number {
  const below = (tag: number, entries: readonly Entry[]) =>
    entries.length > 0 ? [entryOf(tag, 4, [putDirectory(entries, add)])] : [];
  const camera = [...exif.camera, ...below(tags.interoperability, exif.interoperability)];
  const image = exif.image.filter(({ tag }) => !more.some((entry) => entry.tag === tag));
  return putDirectory([...image, ...more, ...below(tags.exif, camera), ...below(tags.gps, exif.place)], add);
}

/** As a structure of its own. */
function write(exif: Exif): Uint8Array {
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

const isEmpty = ({ image, camera, place }: Exif) => image.length + camera.length + place.length === 0;

/**
 * What a page of a TIFF says of its picture, as the structure of its own in which other formats carry it.
 * @param at reads a directory elsewhere in the file
 * @returns undefined where it says nothing
 */
export function exifOfPage(page: Directory, at: At): Uint8Array | undefined {
  const exif = entriesOf(page, at);
  return isEmpty(exif) ? undefined : write(exif);
}

/**
 * EXIF that is right for a picture of `width`×`height` upright pixels, without previews, maker's notes and places in the
 * old picture.
 *
 * @param resolution pixels per inch; left out: none is said
 * @param texts of a PNG, whose format has no place for them: EXIF has one for some
 * @returns undefined where nothing is left; also the keywords of the texts that were left out
 */
export function exifFor(
  exif: Uint8Array | undefined,
  { width, height, resolution }: { width: number; height: number; resolution?: number },
  texts: readonly PngText[] = [],
): { exif: Uint8Array | undefined; left: readonly string[] } {
  const { pages, at } = exif ? readDirectories(exif) : { pages: [], at: () => undefined };
  const said = entriesOf(pages[0], at);
  const more = textAsExif(texts, (wanted) => [...said.image, ...said.camera].some(({ tag }) => tag === wanted));
  const size: Readonly<Record<number, number>> = { [tags.width]: width, [tags.height]: height };
  const camera = said.camera.map((entry) => (entry.tag in size ? entryOf(entry.tag, 4, [size[entry.tag]!]) : entry));
  const carried: Exif = { ...said, image: [...said.image, ...more.image], camera: [...camera, ...more.camera] };
  if (isEmpty(carried)) return { exif: undefined, left: more.left };
  const image = [...carried.image, ...(resolution ? resolutionEntries(resolution) : [])];
  return { exif: write({ ...carried, image }), left: more.left };
}

function resolutionEntries(perInch: number): Entry[] {
  const value = [Math.round(perInch * 100), 100];
  return [
    entryOf(tags.xResolution, 5, value),
    entryOf(tags.yResolution, 5, value),
    entryOf(tags.resolutionUnit, 3, [2]),
  ];
}

/** EXIF that says a resolution and nothing else, for formats that have no other place for it. */
export const exifOfResolution = (perInch: number): Uint8Array =>
  write({ image: resolutionEntries(perInch), camera: [], place: [], interoperability: [] });

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

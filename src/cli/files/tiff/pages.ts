import { dngVersion, isCameraRaw, mostBelow, mostPages, subDirectories } from '../../../pictures/tiff/layout';
import type { ByteReader, TiffDirectory, TiffEntry } from './directory';
import { numbersOf, readDirectory, readTiffHeader } from './directory';

/** One picture of a TIFF, as its directory describes it. */
export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly photometric: number;
  readonly compression: number;
  readonly entries: readonly TiffEntry[];
}

export interface TiffPages {
  /** Those that libvips counts: the chain of directories. */
  readonly pages: readonly TiffPage[];
  /** What the camera's sensor saw is in it, not yet a picture. */
  readonly raw: boolean;
}

export const valueOf = (entries: readonly TiffEntry[], tag: number, otherwise: number): number =>
  numbersOf(entries.find((entry) => entry.tag === tag))[0] ?? otherwise;

function pageOf({ entries }: TiffDirectory): TiffPage {
  const value = (tag: number, otherwise: number) => valueOf(entries, tag, otherwise);
  return {
    width: value(256, 0),
    height: value(257, 0),
    photometric: value(262, -1),
    compression: value(259, 1),
    entries,
  };
}

/** `null` where it is no TIFF. */
export async function readPages(reader: ByteReader): Promise<TiffPages | null> {
  const header = await readTiffHeader(reader);
  if (!header) return null;
  const pages: TiffPage[] = [];
  const below: TiffPage[] = [];
  const seen = new Set<number>();
  for (let at = header.first; at !== 0 && !seen.has(at) && pages.length < mostPages;) {
    seen.add(at);
    const directory = await readDirectory(reader, header, at);
    if (directory.entries.length === 0) break;
    pages.push(pageOf(directory));
    for (const place of numbersOf(directory.entries.find(({ tag }) => tag === subDirectories)).slice(0, mostBelow))
      below.push(pageOf(await readDirectory(reader, header, place)));
    at = directory.next;
  }
  const kinds = [...pages, ...below].map(({ photometric, entries }) => ({
    photometric,
    dng: entries.some(({ tag }) => tag === dngVersion),
  }));
  const raw = isCameraRaw(kinds, (await reader.read(8, 2)).toString('latin1'));
  return { pages, raw };
}

/** The page with the most pixels; the first of those. */
export function largestPage(pages: readonly TiffPage[]): number {
  const sizes = pages.map(({ width, height }) => width * height);
  return Math.max(0, sizes.indexOf(Math.max(...sizes)));
}

/** What a TIFF is made of (TIFF 6.0, section 2; BigTIFF; Exif 3.0), and how much of it is looked at. */

/** Bytes of one value by type (BYTE, ASCII, SHORT … IFD8; 129 is Exif 3.0's UTF-8). */
export const typeBytes: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  13: 4,
  16: 8,
  17: 8,
  18: 8,
  129: 1,
};

/** Bytes of a directory's count of entries, of an entry, and of an offset. */
export const directoryBytes = (big: boolean): [count: number, entry: number, offset: number] =>
  big ? [8, 20, 8] : [2, 12, 4];

/** More is damage. */
export const mostEntries = 4096;
export const mostPages = 1000;
export const mostBelow = 16;

/** Offsets of directories below another. */
export const subDirectories = 330;
export const dngVersion = 50706;

/** Photometric interpretations of sensors: a colour filter array, and linear raw. */
const sensor = [32803, 34892];

/**
 * Whether a file holds what a camera's sensor saw, and no picture yet.
 * @param directories all of it, those below others as well
 * @param behindHeader its bytes 8 and 9, where Canon's CR2 says so
 */
export const isCameraRaw = (
  directories: readonly { readonly photometric: number; readonly dng: boolean }[],
  behindHeader: string,
): boolean => directories.some(({ photometric, dng }) => dng || sensor.includes(photometric)) || behindHeader === 'CR';

import { LWayError } from '../../engine';

/** What may be opened: beyond it a page runs out of memory while decoding. */
const maxInputPixels = 160_000_000;

/** The error for a file that cannot be read. */
export const damaged = (name: string, cause?: unknown) =>
  new LWayError(
    'bad-image',
    `“${name}” could not be read: the file is damaged or incomplete.`,
    'Export it again from the program that created it, or choose another file.',
    { cause },
  );

/** @throws LWayError `too-large` or `bad-image` where a picture of this size cannot be opened */
export function checkSize(name: string, width: number, height: number): void {
  if (!(width >= 1 && height >= 1)) throw damaged(name);
  if (width * height > maxInputPixels) {
    throw new LWayError(
      'too-large',
      `“${name}” has ${width} × ${height} pixels; this page opens pictures of up to ${maxInputPixels / 1e6} megapixels.`,
      'Open a smaller part of it, or use the command line (npx lway upscale), which takes up to 268 megapixels.',
    );
  }
}

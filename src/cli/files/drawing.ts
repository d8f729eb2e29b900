import { readFile, stat } from 'node:fs/promises';
import sharp from 'sharp';
import { LWayError, type Rect } from '../../engine';
import type { PictureHeader } from './header';
import { failedWriting, firstLine, writeError } from './file-errors';
import { inLibvips, isLarge } from './libvips';

/** More is no drawing that a person made. */
const mostBytes = 2 ** 26;
/** Time that drawing may take: filters and patterns in patterns can take for ever. */
const mostSeconds = 120;

/** An SVG as bytes: given no address, librsvg has nothing that links to other files could be resolved against, and loads none. */
async function bytesOf(path: string, name: string): Promise<Buffer> {
  if ((await stat(path)).size > mostBytes)
    throw new LWayError('too-large', `"${name}" is too large for a drawing.`, 'Export it as PNG first.');
  return readFile(path);
}

const cannot = (name: string, error: unknown) =>
  new LWayError(
    'bad-image',
    `"${name}" cannot be drawn: ${firstLine(error instanceof Error ? error.message : String(error))}.`,
    'Export it as PNG at the size you want.',
    { cause: error },
  );

/** The header of an SVG drawing, whose size is that in its file. @throws LWayError `bad-image`, `too-large` */
export async function drawingHeader(path: string, name: string): Promise<PictureHeader> {
  const bytes = await bytesOf(path, name);
  const { width, height } = await inLibvips(false, () => sharp(bytes, { limitInputPixels: false }).metadata()).catch(
    (error: unknown) => {
      throw cannot(name, error);
    },
  );
  return {
    name,
    page: 0,
    width,
    height,
    channels: 4,
    bitDepth: 8,
    notices: [`"${name}" is a drawing: it is drawn at the size of the result, without a network.`],
    space: 'srgb',
    convert: false,
    turned: false,
    drawing: true,
    bytes: width * height * 4,
  };
}

/** Draws an SVG, or a region of it in its own pixels, at `width`×`height` into the work file `target`. */
export async function draw(
  signal: AbortSignal,
  path: string,
  { name, width: ownWidth, height: ownHeight }: PictureHeader,
  { width, height, region }: { width: number; height: number; region?: Rect },
  target: string,
): Promise<void> {
  const bytes = await bytesOf(path, name);
  const from = region ?? { x: 0, y: 0, width: ownWidth, height: ownHeight };
  const [sx, sy] = [width / from.width, height / from.height];
  const whole = { width: Math.round(ownWidth * sx), height: Math.round(ownHeight * sy) };
  // At this density it is drawn at least as large; 72 is what its own size is counted in.
  const density = Math.min(100_000, Math.max(1, 72 * Math.max(sx, sy)));
  try {
    let drawn = sharp(bytes, { density, limitInputPixels: 2 ** 30 }).resize({ ...whole, fit: 'fill' });
    if (region) {
      const [left, top] = [Math.round(region.x * sx), Math.round(region.y * sy)];
      drawn = drawn.extract({
        left: Math.min(left, whole.width - width),
        top: Math.min(top, whole.height - height),
        width,
        height,
      });
    }
    await inLibvips(isLarge(whole), async () => {
      signal.throwIfAborted();
      await drawn.timeout({ seconds: mostSeconds }).toColourspace('srgb').toFile(target);
    });
  } catch (error) {
    signal.throwIfAborted();
    if (failedWriting(error)) throw writeError(error, target);
    throw cannot(name, error);
  }
  signal.throwIfAborted();
}

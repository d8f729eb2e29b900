import { breathe, hasAlpha, type PixelSource, plane, type Raster, type Rect, Resampler } from '../engine';

/** Pixels of the source that are read at once: little enough for a page to stay responsive. */
const most = 1 << 16;

/**
 * Draws `rect` of `source`, seen as if it had `size`, as 8-bit pixels over the colour of `ground` where it is transparent;
 * reduced by exact area averages or enlarged bicubically, in pieces, so that memory does not grow with the picture.
 *
 * @param size the size in which the whole picture is seen, in pixels of the result
 * @param rect what is wanted of it, inside `size`
 * @param onPiece called with each finished piece and its place inside `rect`
 */
export async function drawRegion(
  signal: AbortSignal,
  source: PixelSource,
  size: { width: number; height: number },
  rect: Rect,
  ground: number,
  onPiece: (x: number, y: number, image: ImageData) => void,
): Promise<void> {
  const { width, height } = source.info;
  const kernel = size.width < width ? 'area' : 'bicubic';
  const resampler = new Resampler(width, height, size.width, size.height, kernel);
  const ratio = Math.max(1, (width / size.width) * (height / size.height));
  const side = Math.max(8, Math.min(512, Math.floor(Math.sqrt(most / ratio))));
  for (let y = 0; y < rect.height; y += side) {
    for (let x = 0; x < rect.width; x += side) {
      const part = {
        x: rect.x + x,
        y: rect.y + y,
        width: Math.min(side, rect.width - x),
        height: Math.min(side, rect.height - y),
      };
      await breathe();
      const needed = resampler.needed(part);
      const piece = await source.read(signal, needed);
      signal.throwIfAborted();
      if (hasAlpha(piece.channels)) flatten(piece, ground);
      onPiece(x, y, toImage(resampler.resample(piece, needed, part)));
    }
  }
}

/** Lays the colours over `ground`, in place. */
function flatten(raster: Raster, ground: number): void {
  const alpha = plane(raster, raster.channels - 1);
  for (let c = 0; c < raster.channels - 1; c++) {
    const colour = plane(raster, c);
    for (let i = 0; i < alpha.length; i++) colour[i] = colour[i]! * alpha[i]! + ground * (1 - alpha[i]!);
  }
}

function toImage({ width, height, channels, data }: Raster): ImageData {
  const image = new ImageData(width, height);
  const size = width * height;
  const [green, blue] = channels >= 3 ? [size, 2 * size] : [0, 0];
  for (let i = 0, o = 0; i < size; i++, o += 4) {
    image.data[o] = data[i]! * 255;
    image.data[o + 1] = data[green + i]! * 255;
    image.data[o + 2] = data[blue + i]! * 255;
    image.data[o + 3] = 255;
  }
  return image;
}

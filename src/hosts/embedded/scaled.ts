import { hasAlpha, type PixelSource, plane, type Raster, Resampler } from '../../engine';

/** Colour times alpha, in place: resampling must not mix in the colour of transparent pixels. */
function premultiply(raster: Raster): void {
  const alpha = plane(raster, raster.channels - 1);
  for (let c = 0; c < raster.channels - 1; c++) {
    const colour = plane(raster, c);
    for (let i = 0; i < alpha.length; i++) colour[i] = colour[i]! * alpha[i]!;
  }
}

function unpremultiply(raster: Raster): void {
  const alpha = plane(raster, raster.channels - 1);
  for (let i = 0; i < alpha.length; i++) alpha[i] = Math.min(1, Math.max(0, alpha[i]!));
  for (let c = 0; c < raster.channels - 1; c++) {
    const colour = plane(raster, c);
    for (let i = 0; i < alpha.length; i++) colour[i] = alpha[i]! > 0 ? colour[i]! / alpha[i]! : 0;
  }
}

/**
 * `source` at another size, resampled piece by piece as it is read. Reducing takes exact area averages: right for
 * previews; enlarging is bicubic.
 */
export function scaled(source: PixelSource, width: number, height: number): PixelSource {
  const { info } = source;
  if (info.width === width && info.height === height) return source;
  const kernel = width < info.width ? 'area' : 'bicubic';
  const resampler = new Resampler(info.width, info.height, width, height, kernel);
  return {
    info: { ...info, width, height },
    async read(signal, rect) {
      const needed = resampler.needed(rect);
      const piece = await source.read(signal, needed);
      if (!hasAlpha(piece.channels)) return resampler.resample(piece, needed, rect);
      premultiply(piece);
      const result = resampler.resample(piece, needed, rect);
      unpremultiply(result);
      return result;
    },
  };
}

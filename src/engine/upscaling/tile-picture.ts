import { bleedReach, seenByNetwork } from '../network/picture';
import { constantAlpha, fillAlpha, limitToSource, restoreHiddenColour, smoothSoftEdges } from '../raster/alpha';
import {
  alphaOf,
  colourChannels,
  colourOf,
  createRaster,
  grayToRgb,
  joinAlpha,
  meanOfRgb,
  plane,
} from '../raster/planes';
import type { Channels, PictureInfo, Raster } from '../raster/raster';
import { hasAlpha } from '../raster/raster';
import { resize } from '../raster/resample';
import { encodeDisplay, mergeExcess } from '../raster/transfer';
import { grayPlaces, takeColourAway } from './gray';

/** A network as this module needs it: planar RGB, 0..1, to the same enlarged. */
export type Enlarge = (image: Raster) => Promise<Raster>;

/**
 * Enlarges one tile of any picture with an RGB network: linear light is encoded for it, gray becomes three equal
 * channels and their mean again, gray parts of a coloured one stay gray, what lies outside 0..1 goes round it, colour
 * that transparency hides is kept away from it, and alpha goes through it as a gray picture, but for soft edges.
 *
 * @param tile a part of the picture as it came; is used up
 * @returns the same channels, `scale` times as large, display-encoded (also where the picture is linear)
 */
export async function enlargeTile(
  tile: Raster,
  encoding: PictureInfo['encoding'],
  scale: number,
  enlarge: Enlarge,
): Promise<Raster> {
  if (encoding === 'linear') encodeDisplay(tile);
  const alpha = alphaOf(tile);
  if (!alpha) return enlargeColour(tile, scale, enlarge);

  const constant = constantAlpha(alpha);
  if (constant === 0) return repeat(tile, scale);
  const original = constant === null ? copy(tile) : tile;
  // Where alpha is the same everywhere nothing is hidden that could bleed.
  const colour = await enlargeColour(constant === null ? tile : copy(colourOf(tile)), scale, enlarge);
  if (constant !== null) {
    const result = createRaster(colour.width, colour.height, tile.channels);
    result.data.set(colour.data);
    fillAlpha(result, constant);
    return result;
  }
  const enlarged = meanOfRgb(await enlarge(grayToRgb(alpha)));
  smoothSoftEdges(enlarged, alpha);
  limitToSource(enlarged, alpha);
  const result = joinAlpha(colour, enlarged);
  restoreHiddenColour(result, original);
  return result;
}

/** @param tile display-encoded; is used up @returns its colour, 1 or 3 channels */
async function enlargeColour(tile: Raster, scale: number, enlarge: Enlarge): Promise<Raster> {
  const gray = colourChannels(tile.channels) === 1;
  const { rgb, excess } = seenByNetwork(tile, 'display');
  const places = gray ? null : grayPlaces(rgb);
  const answer = await enlarge(rgb);
  const { data } = answer;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value < 0) data[i] = 0;
    else if (value > 1) data[i] = 1;
  }
  if (places) takeColourAway(answer, places, scale);
  const result = gray ? meanOfRgb(answer) : answer;
  return excess ? mergeExcess(result, enlargeExcess(excess, scale)) : result;
}

/** Bicubic, but without its ringing: next to a highlight the picture must not become darker. */
function enlargeExcess(excess: Raster, scale: number): Raster {
  const result = resize(excess, excess.width * scale, excess.height * scale, 'bicubic');
  for (let channel = 0; channel < excess.channels; channel++) limitToSource(one(result, channel), one(excess, channel));
  return result;
}

function one(raster: Raster, channel: number): Raster {
  return { width: raster.width, height: raster.height, channels: 1, data: plane(raster, channel) };
}

function copy(raster: Raster): Raster {
  return { ...raster, data: raster.data.slice() };
}

/** Every pixel `scale` times in each direction. */
function repeat(raster: Raster, scale: number): Raster {
  return resize(raster, raster.width * scale, raster.height * scale, 'area');
}

/** Whether tiles of such pictures need {@link bleedReach} more margin. */
export function extraMargin(channels: Channels): number {
  return hasAlpha(channels) ? bleedReach : 0;
}

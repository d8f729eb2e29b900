import sharp, { type OverlayOptions } from 'sharp';
import { crop, highFrequencyMap, type Raster, type Rect, resize, toInterleaved } from '../../engine';

/** Side of a crop on the sheet, at 100 % of the result. */
const side = 224;
const gap = 8;
/** Two lines of title, one of detail. */
const textHeight = 48;
/** Characters that fit above a crop. */
const lineLength = 30;

export interface SheetCell {
  /** Above the crop. */
  title: string;
  /** Below the title, e.g. the scores. */
  detail: string;
  pixels: Raster;
}

export interface SheetRow {
  cells: SheetCell[];
}

/** The square of the result (in its pixels) that shows most detail of the picture it was made from. */
export function cropToShow(picture: Raster, width: number, height: number): Rect {
  const map = highFrequencyMap(picture);
  const sides = { width: Math.min(side, width), height: Math.min(side, height) };
  const [w, h] = [
    Math.max(1, Math.round((sides.width * picture.width) / width)),
    Math.max(1, Math.round((sides.height * picture.height) / height)),
  ];
  // Sums over rectangles from sums over all that lies above and to the left.
  const stride = map.width + 1;
  const sums = new Float64Array(stride * (map.height + 1));
  for (let row = 0; row < map.height; row++) {
    for (let column = 0; column < map.width; column++) {
      const at = (row + 1) * stride + column + 1;
      sums[at] = map.data[row * map.width + column]! + sums[at - 1]! + sums[at - stride]! - sums[at - stride - 1]!;
    }
  }
  let best = { x: 0, y: 0, sum: -1 };
  for (let y = 0; y + h <= map.height; y += 4) {
    for (let x = 0; x + w <= map.width; x += 4) {
      const [top, bottom] = [y * stride, (y + h) * stride];
      const sum = sums[bottom + x + w]! - sums[bottom + x]! - sums[top + x + w]! + sums[top + x]!;
      if (sum > best.sum) best = { x, y, sum };
    }
  }
  return {
    x: Math.min(width - sides.width, Math.round((best.x * width) / picture.width)),
    y: Math.min(height - sides.height, Math.round((best.y * height) / picture.height)),
    ...sides,
  };
}

/** The input as it is: every pixel repeated, the part that `rect` of the result shows. */
export function inputCrop(picture: Raster, width: number, height: number, rect: Rect): Raster {
  return crop(resize(picture, width, height, 'area'), rect);
}

/** A PNG with a row of labelled crops for each picture. */
export async function contactSheet(rows: readonly SheetRow[]): Promise<Buffer> {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const width = gap + columns * (side + gap);
  const height = gap + rows.length * (textHeight + side + gap);
  const overlays: OverlayOptions[] = [];
  const texts: string[] = [];
  for (const [i, { cells }] of rows.entries()) {
    const top = gap + i * (textHeight + side + gap);
    for (const [j, { title, detail, pixels }] of cells.entries()) {
      const left = gap + j * (side + gap);
      const [first, second] = twoLines(title);
      texts.push(text(left, top + 12, first, 'bold'));
      texts.push(text(left, top + 26, second, 'bold'), text(left, top + 41, detail, 'normal'));
      overlays.push({
        input: Buffer.from(toInterleaved(pixels, 8).buffer),
        raw: { width: pixels.width, height: pixels.height, channels: 3 },
        left,
        top: top + textHeight,
      });
    }
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join('')}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: '#fff' } })
    .composite([{ input: Buffer.from(svg), left: 0, top: 0 }, ...overlays])
    .png()
    .toBuffer();
}

/** Words broken into two lines where one is too short; what does not fit ends in an ellipsis. */
function twoLines(words: string): [string, string] {
  if (words.length <= lineLength) return ['', words];
  const space = words.lastIndexOf(' ', lineLength);
  const at = space > 0 ? space : lineLength;
  const rest = words.slice(at).trim();
  return [words.slice(0, at), rest.length <= lineLength ? rest : `${rest.slice(0, lineLength - 1)}…`];
}

function text(x: number, y: number, words: string, weight: 'bold' | 'normal'): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" font-family="sans-serif" font-size="11" font-weight="${weight}" fill="#111">${escaped}</text>`;
}

import { breathe } from '../../engine';
import type { Channels } from '../../engine';
import { labToSrgb } from '../lab';
import { turnUpright, type Orientation } from '../orientation';
import { checkPixels, cutOff, Damaged, mostPixels, textAt, tooLarge, unsupported, type Picture } from '../picture';
import { decoderOf, mostShrunk } from './codecs';
import { readDirectories, type Directory } from './directory';
import { exifOfPage } from './exif';
import { dngVersion, isCameraRaw } from './layout';

const tags = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripCounts: 279,
  xResolution: 282,
  planar: 284,
  resolutionUnit: 296,
  predictor: 317,
  palette: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileCounts: 325,
  extraSamples: 338,
  sampleFormat: 339,
  xmp: 700,
  iptc: 33723,
  iccProfile: 34675,
} as const;

const [whiteIsZero, blackIsZero, rgb, palette, cmyk, yCbCr, lab] = [0, 1, 2, 3, 5, 6, 8];
/** Memory that the samples may take. */
const mostBytes = 1.6e9;

type Samples = Uint8Array | Uint16Array | Float32Array;

/**
 * The largest picture of a TIFF, upright: strips or tiles, samples together or apart, as they are or packed by LZW,
 * deflate, PackBits or Zstandard; gray, RGB, palettes and Lab of 1 to 16 bits, and floats of 32 and 64.
 */
export async function readTiff(bytes: Uint8Array): Promise<Picture> {
  const { pages, below, at } = readDirectories(bytes);
  const size = (page: Directory) => page.number(tags.width, 0) * page.number(tags.height, 0);
  const page = [...pages].sort((a, b) => size(b) - size(a))[0];
  if (!page) throw new Damaged('it has no directory');
  const kinds = [...pages, ...below].map((each) => ({
    photometric: each.number(tags.photometric, -1),
    dng: each.has(dngVersion),
  }));
  if (isCameraRaw(kinds, textAt(bytes, 8, 10)))
    throw unsupported('is a camera raw file', 'Develop it in a raw converter and export it as 16-bit TIFF.');
  const form = formOf(page);
  const { width, height } = form;
  const raw = await unpack(bytes, page, form);
  const picture = interpret(raw, page, form);
  const orientation = page.number(tags.orientation, 1);
  const upright =
    orientation >= 2 && orientation <= 8
      ? turnUpright(picture.data, width, height, picture.channels, orientation as Orientation)
      : { samples: picture.data, width, height };
  const notices = [
    ...(pages.length > 1
      ? [
          `has ${pages.length} pages; ${pages.indexOf(page) > 0 ? `the largest one, number ${pages.indexOf(page) + 1},` : 'only the first one'} is taken.`,
        ]
      : []),
    ...(form.photometric === lab ? ['is a Lab picture; its colours are converted to sRGB.'] : []),
  ];
  const xmp = page.bytes(tags.xmp);
  return {
    width: upright.width,
    height: upright.height,
    channels: picture.channels,
    data: upright.samples,
    iccProfile: form.photometric === lab ? undefined : page.bytes(tags.iccProfile),
    resolution: resolutionOf(page),
    exif: exifOfPage(page, at) ?? exifOfPage(pages[0]!, at),
    ...(xmp ? { xmp: new TextDecoder().decode(xmp) } : {}),
    iptc: page.bytes(tags.iptc),
    turned: upright.samples !== picture.data,
    notice: notices.length > 0 ? notices.join(' It ') : undefined,
  };
}

interface Form {
  readonly width: number;
  readonly height: number;
  readonly photometric: number;
  readonly samples: number;
  readonly bits: number;
  readonly float: boolean;
  readonly planar: boolean;
  readonly predictor: number;
}

/** @throws LWayError `unsupported`, `too-large` */
function formOf(page: Directory): Form {
  const [width, height] = [page.number(tags.width, 0), page.number(tags.height, 0)];
  checkPixels(width, height);
  const photometric = page.number(tags.photometric, blackIsZero!);
  const samples = page.number(tags.samples, 1);
  const depths = page.numbers(tags.bits);
  const bits = depths[0] ?? 1;
  const format = page.number(tags.sampleFormat, 1);
  const float = format === 3;
  const predictor = page.number(tags.predictor, 1);
  if (photometric === cmyk)
    throw unsupported(
      'is a CMYK TIFF',
      'Convert it to RGB first, or use the command line, which converts it by its profile.',
    );
  if (photometric === yCbCr)
    throw unsupported('is a TIFF that holds its colours as JPEG does (YCbCr)', 'Save it as RGB TIFF or PNG first.');
  const integer = [whiteIsZero, blackIsZero, palette].includes(photometric) ? [1, 2, 4, 8, 16] : [8, 16];
  const known = [whiteIsZero, blackIsZero, rgb, palette, lab].includes(photometric);
  const fits = float
    ? [32, 64].includes(bits) && (photometric === blackIsZero || photometric === rgb)
    : format === 1 || (format === 2 && photometric === lab) || format === 4;
  if (
    !known ||
    !fits ||
    (!float && !integer.includes(bits)) ||
    depths.some((each) => each !== bits) ||
    (photometric === palette && (bits > 8 || samples !== 1)) ||
    (bits < 8 && samples !== 1) ||
    samples < ([rgb, lab].includes(photometric) ? 3 : 1) ||
    samples > 8 ||
    page.number(tags.fillOrder, 1) !== 1 ||
    !(predictor === 1 || (predictor === 2 && !float && bits >= 8) || (predictor === 3 && float))
  )
    throw unsupported(`is a TIFF of a rare kind (${samples} × ${bits} bits, colour ${photometric})`);
  return {
    width,
    height,
    photometric,
    samples,
    bits,
    float,
    planar: page.number(tags.planar, 1) === 2 && samples > 1,
    predictor,
  };
}

/** All samples, interleaved, those of less than 8 bits as numbers of 8. */
async function unpack(bytes: Uint8Array, page: Directory, form: Form): Promise<Samples> {
  const { width, height, samples, bits, float, planar, predictor } = form;
  const compression = page.number(tags.compression, 1);
  const decode = decoderOf(compression);
  const tiled = page.has(tags.tileOffsets);
  const [tileWidth, tileHeight] = tiled
    ? [page.number(tags.tileWidth, 0), page.number(tags.tileHeight, 0)]
    : [width, Math.min(height, page.number(tags.rowsPerStrip, height))];
  if (!(tileWidth > 0 && tileHeight > 0 && tileWidth * tileHeight <= mostPixels))
    throw new Damaged('its tiles have no size');
  const offsets = page.numbers(tiled ? tags.tileOffsets : tags.stripOffsets);
  const counts = page.numbers(tiled ? tags.tileCounts : tags.stripCounts);
  const across = Math.ceil(width / tileWidth);
  const perPlane = across * Math.ceil(height / tileHeight);
  if (offsets.length < perPlane * (planar ? samples : 1)) throw cutOff();
  const together = planar ? 1 : samples;
  const total = width * height * samples;
  // Before memory is asked for.
  const held = counts.length > 0 ? counts.reduce((sum, count) => sum + Math.min(count, bytes.length), 0) : bytes.length;
  if (((width * bits) / 8) * height * samples > Math.min(held, bytes.length) * mostShrunk(compression)) throw cutOff();
  if (total * (float ? 4 : bits === 16 ? 2 : 1) > mostBytes) throw tooLarge(width, height);
  const out = float ? new Float32Array(total) : bits === 16 ? new Uint16Array(total) : new Uint8Array(total);
  for (let i = 0; i < perPlane * (planar ? samples : 1); i++) {
    const [left, top] = [(i % across) * tileWidth, Math.floor((i % perPlane) / across) * tileHeight];
    const rows = tiled ? tileHeight : Math.min(tileHeight, height - top);
    const stride = Math.ceil((tileWidth * together * bits) / 8);
    const wanted = stride * rows;
    const [from, length] = [offsets[i]!, counts[i] ?? wanted];
    if (from + length > bytes.length) throw cutOff();
    const piece = decode(bytes.subarray(from, from + length), wanted);
    if (piece.length < wanted) throw cutOff();
    const values = samplesOf(piece.slice(0, wanted), { ...form, little: page.little }, tileWidth * together, rows);
    if (predictor === 2) undoDifferences(values as Uint8Array | Uint16Array, tileWidth * together, together);
    const plane = planar ? Math.floor(i / perPlane) : 0;
    const [w, h] = [Math.min(tileWidth, width - left), Math.min(rows, height - top)];
    for (let y = 0; y < h; y++) {
      const row = y * tileWidth * together;
      const to = ((top + y) * width + left) * samples + plane;
      if (!planar) out.set(values.subarray(row, row + w * samples), to);
      else for (let x = 0; x < w; x++) out[to + x * samples] = values[row + x]!;
    }
    await breathe();
  }
  return out;
}

/** A piece's bytes as numbers. @param perRow samples in a row */
function samplesOf(
  piece: Uint8Array,
  { bits, float, little, predictor, samples, planar }: Form & { little: boolean },
  perRow: number,
  rows: number,
): Samples {
  if (bits === 8) return piece;
  const count = perRow * rows;
  if (bits < 8) {
    const out = new Uint8Array(count);
    const stride = Math.ceil((perRow * bits) / 8);
    for (let i = 0; i < count; i++) {
      const bit = (i % perRow) * bits;
      out[i] = (piece[Math.floor(i / perRow) * stride + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
    }
    return out;
  }
  const size = bits / 8;
  let order = little;
  if (predictor === 3) {
    undoFloatDifferences(piece, perRow, rows, size, planar ? 1 : samples);
    order = false;
  }
  const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
  const out = float ? new Float32Array(count) : new Uint16Array(count);
  if (bits === 16) for (let i = 0; i < count; i++) out[i] = view.getUint16(2 * i, order);
  else if (bits === 32) for (let i = 0; i < count; i++) out[i] = view.getFloat32(4 * i, order);
  else for (let i = 0; i < count; i++) out[i] = view.getFloat64(8 * i, order);
  return out;
}

/** TIFF 6.0, section 14: each sample was written as the difference to its left neighbour. */
function undoDifferences(values: Uint8Array | Uint16Array, perRow: number, step: number): void {
  for (let row = 0; row < values.length; row += perRow)
    for (let i = row + step; i < row + perRow; i++) values[i] = values[i]! + values[i - step]!;
}

/** TIFF Technical Note 3: differences of bytes, the highest bytes of a row first; afterwards big-endian floats. */
function undoFloatDifferences(bytes: Uint8Array, perRow: number, rows: number, size: number, step: number): void {
  const length = perRow * size;
  for (let row = 0; row < rows; row++) {
    const line = bytes.subarray(row * length, (row + 1) * length);
    for (let i = step; i < length; i++) line[i] = line[i]! + line[i - step]!;
    const planes = line.slice();
    for (let i = 0; i < perRow; i++) for (let b = 0; b < size; b++) line[i * size + b] = planes[b * perRow + i]!;
  }
}

/** Samples as gray or RGB, with straight alpha where the first extra sample is (or may be) that. */
function interpret(raw: Samples, page: Directory, form: Form): { data: Samples; channels: Channels } {
  const { photometric, samples, bits } = form;
  if (photometric === lab) return { data: labToSrgb(raw as Uint8Array | Uint16Array, samples), channels: 3 };
  if (photometric === palette) return { data: coloured(raw, page.numbers(tags.palette), bits), channels: 3 };
  if (bits < 8) {
    const white = (1 << bits) - 1;
    for (let i = 0; i < raw.length; i++) raw[i] = (raw[i]! * 255) / white;
  }
  const top = raw instanceof Float32Array ? 1 : raw instanceof Uint16Array ? 65535 : 255;
  const colours = photometric === rgb ? 3 : 1;
  const alpha = samples > colours;
  const channels = (colours + (alpha ? 1 : 0)) as Channels;
  const count = raw.length / samples;
  const data = samples === channels ? raw : raw.slice(0, count * channels);
  const multiplied = alpha && page.number(tags.extraSamples, 0) === 1;
  for (let i = 0; i < count; i++) {
    const opacity = multiplied ? raw[i * samples + colours]! / top : 1;
    for (let c = 0; c < channels; c++) {
      let value = raw[i * samples + c]!;
      if (c < colours && multiplied && opacity > 0) value = Math.min(top, value / opacity);
      if (c < colours && photometric === whiteIsZero) value = top - value;
      data[i * channels + c] = raw instanceof Float32Array ? value : Math.round(value);
    }
  }
  return { data, channels };
}

/** The colours that numbers stand for; three columns of 16 bits. */
function coloured(raw: Samples, map: readonly number[], bits: number): Uint8Array {
  const colours = 1 << bits;
  if (map.length < 3 * colours) throw new Damaged('it has no palette');
  const out = new Uint8Array(raw.length * 3);
  for (let i = 0; i < raw.length; i++)
    for (let c = 0; c < 3; c++) out[3 * i + c] = Math.round(map[c * colours + raw[i]!]! / 257);
  return out;
}

function resolutionOf(page: Directory): number | undefined {
  const unit = page.number(tags.resolutionUnit, 2);
  const value = page.number(tags.xResolution, 0) * (unit === 3 ? 2.54 : 1);
  return unit !== 1 && value > 0 && Number.isFinite(value) ? value : undefined;
}

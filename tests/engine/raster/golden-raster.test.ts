import { bleedColour, limitToSource, restoreHiddenColour, smoothSoftEdges } from '../../../src/engine/raster/alpha';
import { SeamBlender } from '../../../src/engine/raster/blend';
import { boxMeans } from '../../../src/engine/raster/box';
import { bt709Primaries, colourOfCodes, colourOfPng, profileOf } from '../../../src/engine/raster/colour-profile';
import { addInverseDct, forwardDct } from '../../../src/engine/raster/dct';
import { fromInterleaved, toInterleaved } from '../../../src/engine/raster/depth';
import { gatherReflected, reflectedSource } from '../../../src/engine/raster/pad';
import { colourOf, crop, plane } from '../../../src/engine/raster/planes';
import type { Channels, Raster } from '../../../src/engine/raster/raster';
import { Resampler, resampleReach, resize, type ResampleKernel } from '../../../src/engine/raster/resample';
import { planTiles } from '../../../src/engine/raster/tiles';
import { decodeValue, encodeValue, mergeExcess, splitExcess } from '../../../src/engine/raster/transfer';
import { haar, highFrequencyMap, inverseHaar } from '../../../src/engine/raster/wavelet';
import { fromYCbCr, toYCbCr } from '../../../src/engine/raster/ycbcr';
import { goldenNumbers, tellTale } from '../golden-numbers';
import { drawn, largestDifference, noise } from './support';

// Plain arithmetic on small pictures, so that hardly anything may differ; see golden-numbers.ts for how the numbers are
// renewed. What they mean is tested beside: these say that every constant and every branch still is what it was.

const golden = goldenNumbers('raster', 2e-6);
const picture = noise(23, 17, 3, 4);

const kernels: readonly ResampleKernel[] = ['area', 'bicubic', 'lanczos3'];
test.each(kernels)('resampling by %s', (kernel) => {
  const sizes = [
    [23, 17],
    [46, 51],
    [31, 20],
    [11, 8],
    [5, 3],
    [1, 1],
    [22, 33],
  ] as const;
  golden(
    kernel,
    sizes.map(([width, height]) => {
      const resampler = new Resampler(23, 17, width, height, kernel);
      const rect = { x: width >> 2, y: height >> 1, width: (width + 1) >> 1, height: (height + 3) >> 2 };
      const { x, y, width: w, height: h } = resampler.needed(rect);
      return {
        all: tellTale(resize(picture, width, height, kernel).data),
        needed: [x, y, w, h],
        reach: resampleReach(23, width, kernel),
        part: tellTale(resampler.resample(picture, { x: 0, y: 0, width: 23, height: 17 }, rect).data),
      };
    }),
  );
});

describe('alpha', () => {
  const discs = (channels: Channels, edge: number) =>
    drawn(21, 19, channels, (c, y, x) => {
      const far = Math.hypot(x - 8, y - 7) - 5;
      if (c === channels - 1) return Math.min(1, Math.max(0, 0.5 - far / edge));
      return 0.5 + 0.4 * Math.sin(x * 1.3 + y * 0.7 + c);
    });

  test.each([
    [2, 0.01],
    [4, 0.01],
    [4, 4],
    [4, 9],
  ] as const)('%i channels, edges over %p pixels', (channels, edge) => {
    const found = [0, 1, 3, 20].map((reach) => {
      const raster = discs(channels, edge);
      bleedColour(raster, reach);
      return tellTale(raster.data);
    });
    const source = discs(channels, edge);
    const alpha: Raster = { ...source, channels: 1, data: plane(source, channels - 1) };
    const enlarged = resize(alpha, 42, 57, 'lanczos3');
    const smooth = { ...enlarged, data: enlarged.data.slice() };
    smoothSoftEdges(smooth, alpha);
    const limited = { ...enlarged, data: enlarged.data.slice() };
    limitToSource(limited, alpha);
    const hidden = noise(42, 57, channels, 6);
    plane(hidden, channels - 1).set(limited.data);
    restoreHiddenColour(hidden, source);
    golden(`alpha ${channels} ${edge}`, {
      bled: found,
      smooth: tellTale(smooth.data),
      limited: tellTale(limited.data),
      hidden: tellTale(hidden.data),
    });
  });
});

describe('tiles', () => {
  const plans = [
    { width: 50, height: 41, tile: 20, margin: 3 },
    { width: 50, height: 41, tile: 24, margin: 5, blend: 2 },
    { width: 50, height: 41, tile: { width: 40, height: 24 }, margin: 3, multipleOf: 4, blend: 4 },
    { width: 30, height: 9, tile: 16, margin: 2, fixed: true, blend: 2 },
    { width: 7, height: 5, tile: 64, margin: 6, blend: 6 },
    { width: 33, height: 33, tile: 16, margin: 0 },
  ] as const;

  test.each(plans.map((options, i) => [i, options] as const))('plan %i', (i, options) => {
    const plan = planTiles(options);
    const { tileWidth, tileHeight, margin, blend, columns, rows, count } = plan;
    const numbers = (rect: { x: number; y: number; width: number; height: number }) => [
      rect.x,
      rect.y,
      rect.width,
      rect.height,
    ];
    const tiles = Array.from({ length: count }, (_, index) => plan.tile(index));
    // Each tile answers with a brightness of its own, so that the ramps between them show.
    const blender = new SeamBlender(plan, 2, 1);
    const pieces = tiles.map((tile) => {
      const { width, height } = tile.input;
      const { x, y, piece } = blender.add(tile, noise(2 * width, 2 * height, 1, tile.index + 1));
      return { at: [x, y, piece.width, piece.height], values: tellTale(piece.data) };
    });
    golden(`tiles ${i}`, {
      plan: [tileWidth, tileHeight, margin, blend, columns, rows, count],
      tiles: tiles.map(({ column, row, input, core, covered }) => [
        column,
        row,
        ...numbers(input),
        ...numbers(core),
        ...numbers(covered),
      ]),
      pieces,
    });
  });

  test('a blender that begins in a later row', () => {
    const plan = planTiles(plans[1]);
    const blender = new SeamBlender(plan, 1, 2, plan.columns);
    const pieces = [];
    for (let index = plan.columns; index < plan.count; index++) {
      const tile = plan.tile(index);
      pieces.push(tellTale(blender.add(tile, noise(tile.input.width, tile.input.height, 2, index)).piece.data));
    }
    golden('resumed', pieces);
  });

  test('what lies outside is reflected', () => {
    const rects = [
      { x: -5, y: -3, width: 12, height: 9 },
      { x: 15, y: 10, width: 30, height: 25 },
      { x: -60, y: 2, width: 10, height: 60 },
      { x: 3, y: 4, width: 6, height: 5 },
      { x: 0, y: 0, width: 23, height: 17 },
      { x: -1, y: 0, width: 24, height: 17 },
    ];
    golden(
      'reflected',
      rects.map((rect) => {
        const at = reflectedSource(rect, 23, 17);
        const values = gatherReflected(crop(picture, at), at, rect, 23, 17).data;
        return { needed: [at.x, at.y, at.width, at.height], values: tellTale(values) };
      }),
    );
    const line = noise(9, 1, 1);
    const around = { x: -4, y: -3, width: 20, height: 5 };
    golden('reflected line', gatherReflected(line, { x: 0, y: 0, width: 9, height: 1 }, around, 9, 1).data);
  });
});

test('wavelets of odd and even sides', () => {
  for (const [width, height] of [
    [12, 8],
    [13, 9],
    [1, 5],
    [6, 1],
  ] as const) {
    const raster = noise(width, height, 3, 8);
    const bands = haar(raster);
    golden(`wavelets ${width} × ${height}`, {
      bands: Object.values(bands).map((band: Raster) => tellTale(band.data)),
      back: tellTale(inverseHaar(bands, width, height).data),
      map: tellTale(highFrequencyMap(raster).data),
      gray: tellTale(highFrequencyMap({ ...raster, channels: 1, data: plane(raster, 1) }).data),
    });
  }
});

test('cosines, colours and means', () => {
  const out = new Float32Array(64);
  forwardDct(picture.data, 2 * 23 + 3, 23, out);
  const back = new Float32Array(23 * 17).fill(0.25);
  addInverseDct(out, back, 5 * 23 + 9, 23);
  golden('cosines', { out, back: tellTale(back) });
  // Whatever was computed before, it is the inverse.
  const other = new Float32Array(64);
  forwardDct(picture.data, 5, 23, other);
  const again = new Float32Array(64);
  addInverseDct(out, again, 0, 8);
  forwardDct(again, 0, 8, other);
  expect(largestDifference(other, out)).toBeLessThan(1e-5);
  const block = new Float32Array(64).map((_, i) => picture.data[(2 + (i >> 3)) * 23 + 3 + (i & 7)]!);
  expect(largestDifference(again, block)).toBeLessThan(1e-5);
  expect(() => toYCbCr(noise(2, 2, 4))).toThrow(RangeError);
  golden('colours', { to: tellTale(toYCbCr(picture).data), from: tellTale(fromYCbCr(picture).data) });
  golden(
    'means',
    [1, 2, 5, 40].map((reach) => tellTale(boxMeans(picture.data, 23, 17, reach))),
  );
});

test('light and values, outside 0..1 too', () => {
  const values = [-2, -0.5, -0.002, 0, 0.001, 0.0031308, 0.0032, 0.04045, 0.0405, 0.2, 0.5, 1, 1.5, 8];
  golden('encoded', values.map(encodeValue));
  golden('decoded', values.map(decodeValue));
  const wide = drawn(9, 4, 4, (c, y, x) => (x + 2 * y + c) / 8 - 0.4);
  const excess = splitExcess(wide)!;
  golden('excess', { inside: wide.data.slice(), excess: excess.data.slice(), channels: excess.channels });
  golden('merged', mergeExcess(wide, excess).data);
  expect(splitExcess(drawn(2, 2, 1, () => 1))).toBeNull();
});

test.each([8, 16, 32] as const)('values of %i bits', (bitDepth) => {
  const wide = drawn(5, 3, 4, (c, y, x) => (x + 3 * y + c) / 13 - 0.1);
  const values = toInterleaved(wide, bitDepth);
  golden(`bits ${bitDepth}`, { values, back: fromInterleaved(values, 5, 3, 4).data });
  if (bitDepth !== 32)
    golden(`bits ${bitDepth}, own white`, {
      values: toInterleaved(wide, bitDepth, { white: 200 }),
      back: fromInterleaved(values, 5, 3, 4, { white: 200 }).data,
    });
});

test('a view of the colours', () => {
  expect(colourOf(noise(3, 2, 4)).data).toHaveLength(18);
  expect(colourOf(noise(3, 2, 2)).data).toHaveLength(6);
});

describe('colour profiles', () => {
  test('of code points', () => {
    const codes = Array.from({ length: 24 }, (_, i) => i);
    for (const primaries of codes) {
      golden(
        `primaries ${primaries}`,
        codes.map((transfer) => {
          const colour = colourOfCodes(primaries, transfer);
          if (colour === null) return null;
          const curve = typeof colour.transfer === 'string' ? colour.transfer : colour.transfer.gamma;
          return { numbers: [...colour.primaries, ...colour.white], curve };
        }),
      );
    }
  });

  test('of what PNG says', () => {
    const { primaries, white } = colourOfCodes(9, 13)!;
    const [rx, ry, gx, gy, bx, by] = bt709Primaries;
    const usual = [0.3127, 0.329, rx, ry, gx, gy, bx, by];
    const moved = (at: number, by2: number) => usual.map((value, i) => (i === at ? value + by2 : value));
    const cases: [number | null, number[] | null][] = [
      [null, null],
      [0.45455, null],
      [0.4565, null],
      [0.4567, null],
      [0.4526, null],
      [0.4524, null],
      [1, null],
      [0.05, null],
      [0.051, null],
      [20, null],
      [19.9, null],
      [null, [...white, ...primaries]],
      [0.45455, [...white, ...primaries]],
      ...[1, 2, 3, 4, 5, 6, 7].map((at): [null, number[]] => [null, moved(at, 0.0019)]),
      ...[2, 3, 4, 5, 6, 7].map((at): [null, number[]] => [null, moved(at, 0.0021)]),
      ...[1, 3, 5, 7].map((at): [number, number[]] => [0.6, moved(at, -2)]),
    ];
    golden(
      'of PNG',
      cases.map(([gamma, chromaticities]) => {
        const colour = colourOfPng(gamma, chromaticities);
        if (colour === null) return null;
        const curve = typeof colour.transfer === 'string' ? colour.transfer : colour.transfer.gamma;
        return { numbers: [...colour.primaries, ...colour.white], curve };
      }),
    );
  });

  test('byte for byte', () => {
    const all = [
      colourOfCodes(9, 13)!,
      colourOfCodes(12, 1)!,
      colourOfCodes(11, 4)!,
      colourOfCodes(5, 8)!,
      colourOfPng(1 / 1.8, [0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001])!,
      colourOfCodes(9, 16)!,
      { ...colourOfCodes(9, 13)!, primaries: [0.3, 0.3, 0.3, 0.3, 0.3, 0.3] } as const,
    ];
    golden(
      'profiles',
      all.flatMap((colour) =>
        [profileOf(colour, false), profileOf(colour, true)].map((each) => each && Array.from(each)),
      ),
    );
  });
});

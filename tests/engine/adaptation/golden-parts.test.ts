import { changeOf } from '../../../src/engine/adaptation/change';
import { jpegQuality, quantisationErrors } from '../../../src/engine/adaptation/compression';
import { cropGrid, detailOf, readCrops, type Crop } from '../../../src/engine/adaptation/crops';
import { meanOf } from '../../../src/engine/adaptation/embedding';
import { fineDetail } from '../../../src/engine/adaptation/fine-detail';
import {
  isSeen,
  limitedBy,
  noiseOf,
  SEEN_NOISE,
  strengthOf,
  withoutNoise,
  type Noise,
} from '../../../src/engine/adaptation/noise';
import { choosePatches, evenSide, sideUnit } from '../../../src/engine/adaptation/patches';
import { patchSide } from '../../../src/engine/adaptation/plan';
import { pairSide } from '../../../src/engine/adaptation/prepare';
import { randomFrom } from '../../../src/engine/adaptation/random';
import { learningRateAt, recipes } from '../../../src/engine/adaptation/recipe';
import { nothingToLearn } from '../../../src/engine/adaptation/samples';
import { StopRule } from '../../../src/engine/adaptation/stop';
import { targetOf, withItsNoise, withMeansOf, withoutHalos } from '../../../src/engine/adaptation/targets';
import { createRaster, crop, plane } from '../../../src/engine/raster/planes';
import type { Raster } from '../../../src/engine/raster/raster';
import { resize } from '../../../src/engine/raster/resample';
import { toYCbCr } from '../../../src/engine/raster/ycbcr';
import { goldenNumbers, tellTale } from '../golden-numbers';
import { never } from '../raster/support';
import { tinyModel } from '../upscaling/tiny-networks';
import { clean, compressed, fewColours, filled, haloed, noisy, pictureOf, soft } from './golden-pictures';

// Every number that the adaptation finds in a picture before a network looks at it. All of it is plain arithmetic, so that
// hardly anything may differ; see golden-numbers.ts for how they are renewed.

const golden = goldenNumbers('adaptation-parts', 2e-6);

/** Sides that neither 2 nor 4 nor 8 divide are among them, and a picture of several crops. */
const pictures: Readonly<Record<string, () => Raster | Promise<Raster>>> = {
  clean: () => clean(97, 83),
  noisy: () => noisy(331, 43),
  'hardly noisy': () => noisy(90, 75, 0.006),
  compressed,
  'a piece of what was compressed': async () => crop(await compressed(), { x: 5, y: 3, width: 161, height: 130 }),
  soft: () => soft(70, 66),
  haloed: () => haloed(101, 64),
  'of few colours': () => fewColours(66, 60),
  gray: () => filled(40, 41, 0.3),
  black: () => filled(40, 41, 0.01),
};
/** A picture's crops and their noise, which takes long to measure: once for all tests. */
const looked = new Map<string, Promise<{ crops: readonly Crop[]; noise: Noise }>>();
async function look(make: () => Raster | Promise<Raster>) {
  const picture = await make();
  const rects = cropGrid(picture.width, picture.height, 24, randomFrom(3), 48);
  const crops = await readCrops(never, pictureOf(picture), rects);
  return { crops, noise: noiseOf(crops) };
}
function lookedAt(name: string) {
  if (!looked.has(name)) looked.set(name, look(pictures[name]!));
  return looked.get(name)!;
}

const noiseSaid = ({ levels, quality, errors }: Noise) => ({
  levels: levels.map(({ brightness, deviations }) => ({ brightness, deviations })),
  quality,
  errors: tellTale(errors),
});

describe.each(Object.keys(pictures))('a picture that is %s', (name) => {
  test('is cut into crops, and has detail', async () => {
    const { crops } = await lookedAt(name);
    const detail = detailOf(crops);
    golden(`${name}: crops`, {
      rects: crops.map(({ rect }) => [rect.x, rect.y, rect.width, rect.height]),
      maps: crops.map(({ map }) => tellTale(map.data)),
      detail: { ...detail },
      nothing: nothingToLearn(detail),
      fine: fineDetail(crops),
    });
  });

  test('has noise and a quality', async () => {
    const { crops, noise } = await lookedAt(name);
    const { width, height } = crops[0]!.pixels;
    const piece = crop(crops[0]!.pixels, { x: 0, y: 0, width: Math.min(width, 41), height: Math.min(height, 36) });
    const difference = piece.data.map((value, i) => (value - 0.4) * Math.sin(i / 50));
    const limited = limitedBy(noise, 1.5 / 255);
    golden(`${name}: noise`, {
      ...noiseSaid(noise),
      strength: strengthOf(noise),
      seen: isSeen(noise),
      limited: [strengthOf(limited), strengthOf(limitedBy(noise, 0)), strengthOf(limitedBy(noise, 1))],
      without: tellTale(withoutNoise(piece, piece, noise).data),
      difference: tellTale(withoutNoise({ ...piece, data: difference }, piece, noise).data),
    });
  });

  test.each(['detail', 'uniform'] as const)('gives patches by %s', async (choice) => {
    const { crops } = await lookedAt(name);
    const chosen = choosePatches(crops, 20, { training: 7, heldOut: 3 }, randomFrom(9), choice);
    const of = (patches: typeof chosen.training) => patches.map((patch) => tellTale(patch.pixels.data));
    golden(`${name}: patches by ${choice}`, {
      training: of(chosen.training),
      heldOut: of(chosen.heldOut),
      maps: tellTale(chosen.training.flatMap(({ map }) => Array.from(map.data))),
    });
  });

  test('has targets', async () => {
    const { crops: all, noise } = await lookedAt(name);
    const crops = all.map((each) => ({ ...each, noise }));
    const { training, heldOut } = choosePatches(crops, 16, { training: 3, heldOut: 1 }, randomFrom(5));
    const patches = [...training, ...heldOut];
    // What a network may make of them: a little soft, and too bright.
    const before = patches.map(({ pixels }) => {
      const large = resize(pixels, 32, 32);
      return large.data.map((value) => 0.97 * value + 0.02);
    });
    const targets = patches.map((patch, k) => targetOf(patch, before[k]!, 2));
    const means = withMeansOf(targets[0]!, 16, before[1]!, 2);
    golden(`${name}: targets`, {
      targets: targets.map(tellTale),
      withoutHalos: withoutHalos(targets, before, 16, 2).map(tellTale),
      means: tellTale(means),
      withNoise: tellTale(
        withItsNoise(means.slice(0, 3 * 15 * 15), 15, patches[1]!.pixels, {
          ...patches[1]!.pixels,
          data: targets[1]!,
        }),
      ),
    });
  });
});

test('the quality of luma alone, by its phase', async () => {
  const picture = await compressed();
  const luma = createRaster(picture.width, picture.height, 1, plane(toYCbCr(picture), 0));
  const at = (x: number, y: number, width = 160 - x, height = 130 - y, seen = { x, y }) =>
    jpegQuality([{ rect: { ...seen, width, height }, luma: crop(luma, { x, y, width, height }) }]);
  golden('quality', {
    whole: at(0, 0),
    pieces: [at(1, 0), at(7, 10)],
    // Too few values to tell by.
    small: [at(0, 0, 8, 8), at(0, 0, 24, 24), at(0, 0, 32, 32), at(0, 0, 40, 40)],
  });
});

test.each([30, 33, 49, 51, 87, 90])('errors of a quality of %i', (quality) => {
  golden(`errors of ${quality}`, quantisationErrors(quality));
});

test('where crops lie', () => {
  const sizes = [
    [3, 500],
    [160, 160],
    [319, 321],
    [320, 480],
    [500, 500],
    [1000, 333],
    [2000, 1600],
  ] as const;
  for (const [width, height] of sizes) {
    const rects = [0, 48, 200].map((patch) => cropGrid(width, height, 11, randomFrom(2), patch));
    golden(
      `crops of ${width} × ${height}`,
      rects.map((some) => some.map(({ x, y, width: w, height: h }) => [x, y, w, h])),
    );
  }
});

test('how large patches and pairs are', async () => {
  const network = await tinyModel();
  const { entry } = network;
  const sides = [15, 16, 17, 31, 47, 48, 49, 96, 97, 130, 191, 192, 193, 400];
  const multiples = [1, 2, 3, 4, 6, 8, 16, 64];
  golden('sides', {
    units: multiples.map(sideUnit),
    even: sides.map((side) => evenSide(side, 48)),
    patches: multiples.map((multipleOf) =>
      sides.map((side) => patchSide({ width: side, height: 200 }, { ...network, entry: { ...entry, multipleOf } }, 48)),
    ),
    pairs: multiples.map((multipleOf) => sides.map((side) => pairSide(side, 48, { ...entry, scale: 4, multipleOf }))),
  });
});

test('learning rates, level by level', () => {
  golden(
    'learning rates',
    Object.fromEntries(
      Object.entries(recipes).map(([level, recipe]) => [
        level,
        Array.from({ length: recipe.steps }, (_, i) => 1e5 * learningRateAt(recipe, i)),
      ]),
    ),
  );
  golden('recipes', recipes as unknown as Record<string, Record<string, number | string>>);
});

test('when learning stops', () => {
  const losses = [1.1, 1.05, 0.99, 0.98, 0.985, 0.97, 0.975, 0.98, 0.99, 0.96];
  const rules = [
    [1, 1, 0],
    [1, 2, 0],
    [1, 2, 6],
    [1, 3, 5],
    [0, 2, 3],
  ] as const;
  golden(
    'stops',
    rules.map(([before, patience, least]) => {
      const rule = new StopRule(before, patience, least);
      const said = losses.map((loss, i) => rule.check(i + 1, loss, i !== 5));
      return { said: said.map(({ best, stop }) => `${best} ${stop}`), at: rule.bestAt, improvement: rule.improvement };
    }),
  );
});

describe('what changed', () => {
  const invisible = (0.5 / 255) ** 2;
  const noise = { levels: [], quality: null, errors: new Float32Array(192) };

  test.each([
    ['colours by less than a tenth', { disagreement: 1, colours: 1 }, { disagreement: 0.82, colours: 0.82 }],
    ['colours by more', { disagreement: 1, colours: 1 }, { disagreement: 0.8, colours: 0.8 }],
    ['edges by less than a twentieth', { disagreement: 2, colours: 1 }, { disagreement: 1.91, colours: 1 }],
    ['edges by more', { disagreement: 2, colours: 1 }, { disagreement: 1.89, colours: 1 }],
    ['what nobody sees', { disagreement: invisible, colours: invisible }, { disagreement: 0, colours: 0 }],
    ['what somebody sees', { disagreement: 1.01 * invisible, colours: 1.01 * invisible }, { disagreement: 0 }],
    ['nothing that was measured', {}, {}],
    ['worse colours than all', { disagreement: 1, colours: 2 }, { disagreement: 1, colours: 0 }],
  ])('%s', (name, before, after) => {
    golden(`change: ${name}`, { ...changeOf({ total: 1, ...before }, { total: 1, ...after }, []) });
  });

  test('noise and compression are told of where they are seen', () => {
    const level = (deviation: number) => [{ brightness: 0.5, deviations: new Float32Array(192).fill(deviation) }];
    const left = [
      [],
      [noise],
      [noise, { ...noise, quality: 50 }],
      [{ ...noise, levels: level(1.01 * SEEN_NOISE) }],
      [{ ...noise, levels: level(0.99 * SEEN_NOISE) }],
    ];
    golden(
      'left out',
      left.map((noises) => ({ ...changeOf({ total: 1 }, { total: 1 }, noises) })),
    );
  });
});

test('the mean of embeddings', () => {
  golden('mean', meanOf([Float32Array.of(1, 2, 3), Float32Array.of(3, 2, 1), Float32Array.of(0.5, 0, -7)]));
});

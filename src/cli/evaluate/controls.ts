import { type Raster, resize, sourceOf } from '../../engine';
import {
  type AblatedOptions,
  type Ablation,
  cropGrid,
  type Cycle,
  embed,
  method,
  networkPicture,
  randomFrom,
  readCrops,
} from '../../engine/for-evaluate';
import { cpuRuntime } from '../../engine/node';
import { luma } from './metrics/luma';
import { psnr } from './metrics/psnr';
import { scoredBorder } from './measure';
import { asSaved } from './pixels';
import { earlier, networkVariant, type NetworkVariant, type Variant } from './variants';

/**
 * The controls that a gain by adaptation must beat (design, section 5): the same fine-tuning with something left out
 * or wrong, and two that cost no training.
 *
 * @param base name of the unadapted network's variant
 * @param adapted the adapted variant that is under test
 * @param faithful names of variants that the unadapted result may be blended with to reach the adapted one's PSNR
 */
export function controls(base: string, adapted: AdaptedVariant, faithful: readonly string[]): Variant[] {
  const ablation = (name: string, changes: Ablation): Variant => changed(adapted, name, changes);
  const cycles: Record<Exclude<Cycle, 'none'>, string> = {
    area: 'area downscaling for the cycle',
    bicubic: 'bicubic downscaling for the cycle',
    reconstructor: 'reconstructor for the cycle',
  };
  return [
    ablation('seed 2', { seed: 2 }),
    ablation('seed 3', { seed: 3 }),
    ablation('without M', { map: false }),
    ablation('L1 only', { featureWeight: 0, featureAnchor: 0, unseenAnchor: 0, pairsWeight: 0 }),
    ...(['area', 'bicubic', 'reconstructor'] as const)
      .filter((cycle) => cycle !== method.cycle)
      .map((cycle) => ablation(cycles[cycle], { cycle })),
    wrongEmbedding(adapted),
    backProjection(base, adapted.name),
    colourFix(base, adapted.name),
    frontier(base, adapted.name, faithful),
  ];
}

export type AdaptedVariant = NetworkVariant & { options: AblatedOptions };

/** The same adaptation by a changed recipe. */
export function changed(adapted: AdaptedVariant, name: string, changes: Ablation): Variant {
  const { options } = adapted;
  return networkVariant({
    ...adapted,
    name: `${adapted.name}, ${name}`,
    against: adapted.name,
    adapt: async () => ({ ...options, ablation: { ...options.ablation, ...changes } }),
  });
}

/** The same adaptation with the degradation embedding of another picture of the set. */
function wrongEmbedding(adapted: AdaptedVariant): Variant {
  return networkVariant({
    ...adapted,
    name: `${adapted.name}, another picture's embedding`,
    against: adapted.name,
    async adapt(signal, { other }) {
      const picture = networkPicture(sourceOf(other));
      const grid = cropGrid(picture.width, picture.height, 24, randomFrom(1));
      const runtime = cpuRuntime();
      try {
        const crops = await readCrops(signal, picture, grid);
        const embedding = await embed(signal, runtime, adapted.options.networks.encoder, crops);
        return { ...adapted.options, ablation: { ...adapted.options.ablation, embedding } };
      } finally {
        await runtime.dispose();
      }
    },
  });
}

/** No training: the unadapted result plus the enlarged difference between the picture and its area average. */
const backProjection = (base: string, against: string): Variant =>
  corrected(`${base}, back-projected once`, base, against, (missing) => missing);

/** No training: the lowest frequencies of the unadapted result, means over 16 × 16 pixels of the picture, put right. */
const colourFix = (base: string, against: string): Variant =>
  corrected(`${base}, colours put right`, base, against, (missing) => {
    const [width, height] = [missing.width, missing.height].map((side) => Math.max(1, Math.round(side / 16)));
    return resize(missing, width!, height!, 'area');
  });

/** The unadapted result plus what `part` leaves of the difference between the picture and the result's area average. */
function corrected(name: string, base: string, against: string, part: (missing: Raster) => Raster): Variant {
  return {
    name,
    against,
    async run(_, task) {
      const started = performance.now();
      const { picture, width, height } = task;
      const before = earlier(task, base);
      const down = resize(before, picture.width, picture.height, 'area');
      const missing = { ...down, data: down.data.map((value, i) => picture.data[i]! - value) };
      const correction = resize(part(missing), width, height, 'bicubic');
      const result = { ...before, data: before.data.map((value, i) => value + correction.data[i]!) };
      return { result: asSaved(result), seconds: (performance.now() - started) / 1000 };
    },
  };
}

/**
 * No training: the unadapted result blended with the most faithful other one (or bicubic) until its PSNR equals the adapted
 * result's (or comes nearest). Looks at the ground truth, so it is a bar and no method.
 */
function frontier(base: string, adapted: string, faithful: readonly string[]): Variant {
  return {
    name: `${base}, blended to the same PSNR`,
    against: adapted,
    async run(_, task) {
      const started = performance.now();
      const { truth } = task;
      const before = earlier(task, base);
      if (!truth) return { result: before, seconds: 0, note: 'Without ground truth there is no PSNR to blend to.' };
      const truthLuma = luma(truth);
      const score = (raster: Raster) => psnr(luma(raster), truthLuma, { border: scoredBorder });
      const bicubic = asSaved(resize(task.picture, task.width, task.height, 'bicubic'));
      const calm = faithful
        .map((name) => earlier(task, name))
        .reduce((best, each) => (score(each) > score(best) ? each : best), bicubic);
      const wanted = score(earlier(task, adapted));
      const blend = (share: number) =>
        asSaved({ ...before, data: before.data.map((value, i) => value + share * (calm.data[i]! - value)) });
      let best = 0;
      let low = 0;
      for (let share = 0; share <= 1.0001; share += 0.125) {
        const value = score(blend(share));
        if (value > score(blend(best))) best = share;
        if (value >= wanted) break;
        low = share;
      }
      let high = best;
      // Where even the best share does not reach it, that one is as near as blending comes.
      if (score(blend(best)) > wanted && best > 0) {
        for (let i = 0; i < 10; i++) {
          const middle = (low + high) / 2;
          if (score(blend(middle)) < wanted) low = middle;
          else high = middle;
        }
      }
      return { result: blend(high), seconds: (performance.now() - started) / 1000 };
    },
  };
}

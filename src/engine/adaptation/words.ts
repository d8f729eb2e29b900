import { sizeOf, type Graph, type TrainingReport } from '../graph';
import type { Reason } from './refusal';

/** Why the network was left as it is. */
export function leftAlone(reason: Reason, several: boolean): string {
  switch (reason) {
    case 'too-small':
      return 'The picture is too small to learn from; the original network was used.';
    case 'oblong':
      return 'This network takes pictures of one oblong size only, which it cannot learn from; it was used as it came.';
    case 'flat':
      return 'The picture has no fine detail to learn from; the original network was used.';
    case 'noise':
      return 'The picture is noise throughout, with nothing to learn from; the original network was used.';
    case 'no-gain':
      return `${several ? 'These pictures' : 'This picture'} gained nothing; the original network was used.`;
  }
}

/**
 * What an adaptation came to.
 *
 * @param agreement share by which the disagreement with the picture fell, 0..1
 * @param started whether it began from weights that a start network gave
 */
export function outcome(several: boolean, steps: number, agreement: number, started: boolean): string {
  const percent = Math.round(agreement * 100);
  if (steps === 0) return 'Learning gained nothing more; weights for clean pictures were used.';
  if (percent === 0 && started) return `Adapted in ${steps} steps, from weights for clean pictures.`;
  return `Adapted in ${steps} steps: agrees ${percent} % better with your ${several ? 'pictures' : 'picture'}.`;
}

/** Says how much of the network cannot learn for want of a gradient; null where all of it can. */
export function obstacleNotice({ obstacles, trained, frozen }: TrainingReport, network: Graph): string | null {
  if (obstacles.length === 0 || frozen.length === 0) return null;
  const count = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + sizeOf(network.initializers.get(name)!.dims), 0);
  const [still, learning] = [count(frozen.map(({ name }) => name)), count(trained)];
  const percent = Math.max(1, Math.round((100 * still) / (still + learning)));
  const ops = [...new Set(obstacles.map(({ op }) => op))].join(', ');
  return `${percent} % of this network cannot learn, since no gradient is known for ${ops}: what lies behind it is adapted.`;
}

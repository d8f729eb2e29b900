import { sizeOf, type Graph, type TrainingReport } from '../graph';
import type { Change } from './change';
import type { Reason } from './refusal';

/** What of a picture is not learned. */
export type LeftOut = Pick<Change, 'noise' | 'compression'>;

/**
 * Why the network was left as it is.
 *
 * @param left noise and compression, from which the picture was told
 */
export function leftAlone(
  reason: Reason,
  several: boolean,
  left: LeftOut = { noise: false, compression: false },
): string {
  switch (reason) {
    case 'too-small':
      return 'Not matched: the picture is too small to learn from.';
    case 'oblong':
      return 'Not matched: this network only takes pictures of one oblong size and cannot learn from them.';
    case 'drawn':
      return 'Not matched: drawings come out better without it.';
    case 'flat':
      return 'Not matched: the picture has no fine detail to learn from.';
    case 'noise':
      return 'Not matched: the picture is nothing but noise.';
    case 'agrees':
      return `Not matched: the result already agrees with your ${several ? 'pictures' : 'picture'}${apart(left, several)} to within one step of brightness.`;
    case 'stopped':
      return 'Not matched: learning was stopped before it had improved anything.';
    case 'no-gain':
      return `Matching did not improve ${several ? 'these pictures' : 'this picture'}.`;
  }
}

/**
 * What an adaptation came to, in terms of the picture: a share of the disagreement says nothing that a person could check.
 *
 * @param steps 0: the weights are those that a start network gave
 * @param started whether it began from weights that a start network gave
 * @param stopped whether the person ended it
 */
export function outcome(several: boolean, steps: number, change: Change, started: boolean, stopped: boolean): string {
  if (steps === 0) {
    const why = stopped
      ? 'Learning was stopped before it had improved anything'
      : 'Learning brought no further improvement';
    return `${why}; the weights for clean pictures were used.`;
  }
  const closer = change.colours
    ? `colours${change.edges ? ' and edges' : ''} are`
    : change.edges
      ? 'edges and textures are'
      : null;
  const matched = `Matched in ${steps} step${steps === 1 ? '' : 's'}${started ? ' from weights for clean pictures' : ''}`;
  const gained = closer === null ? 'a small change' : `${closer} closer to your ${several ? 'pictures' : 'picture'}`;
  const out = named(change);
  const left =
    out === '' ? '' : `; ${several ? 'their' : 'its'} ${out} ${out.includes(' and ') ? 'were' : 'was'} not learned`;
  return `${matched}: ${gained}${left}.`;
}

const named = ({ noise, compression }: LeftOut) =>
  [noise && 'noise', compression && 'compression'].filter(Boolean).join(' and ');

function apart(left: LeftOut, several: boolean): string {
  const out = named(left);
  return out === '' ? '' : `, apart from ${several ? 'their' : 'its'} ${out},`;
}

/** Says how much of the network cannot learn for want of a gradient; null where all of it can. */
export function obstacleNotice({ obstacles, trained, frozen }: TrainingReport, network: Graph): string | null {
  if (obstacles.length === 0 || frozen.length === 0) return null;
  const count = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + sizeOf(network.initializers.get(name)!.dims), 0);
  const [still, learning] = [count(frozen.map(({ name }) => name)), count(trained)];
  const percent = Math.max(1, Math.round((100 * still) / (still + learning)));
  const ops = [...new Set(obstacles.map(({ op }) => op))].join(', ');
  return `${percent} % of this network cannot learn, because LWay has no gradient for ${ops}: only the later layers are matched.`;
}

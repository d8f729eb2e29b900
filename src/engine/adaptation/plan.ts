import { readGraph, type Graph } from '../graph';
import { layoutOf } from '../network/layout';
import type { Network } from '../network/registry';
import type { Device } from '../runtime/runtime';
import { evenSide, sideUnit } from './patches';
import type { NetworkPicture } from './picture';
import { method, recipes, type FullRecipe } from './recipe';
import type { Refusal } from './refusal';
import type { AdaptRequest } from './request';
import { shareOf, type Share } from './share';

/** What is decided before anything is looked at. */
export interface Plan {
  readonly recipe: FullRecipe;
  readonly network: Network;
  /** The network as its file has it. */
  readonly original: Graph;
  /** How much of it learns. */
  readonly share: Share;
  /** Side of the patches, LR pixels. */
  readonly side: number;
  /** The pictures that hold at least one patch. */
  readonly pictures: readonly NetworkPicture[];
  /** Whether a series was asked for, however many of it take part. */
  readonly several: boolean;
}

/** Batches to learn from where a step takes long: of more, so many steps hardly use the rest. */
const FEW_BATCHES = 4;

/**
 * Share of the anchor of features for networks of others on pictures that hold more than four places to learn from: they have
 * much to put right, and the more there is to learn from, the less they go astray (docs/quality-more.md, "What earns its place").
 */
const LOOSER = 0.6;

/**
 * The recipe of the level, with what the network has of its own and what the ablation changes; for a network that is large
 * for the device, less to do.
 *
 * @throws LWayError `bad-graph` where the network cannot be read or does not take patches
 */
export function planAdaptation(
  { picture, series = [], network, drawn = 0, toldDrawn = 0, options }: AdaptRequest,
  device: Device,
): Plan | Refusal {
  const asked: FullRecipe = {
    ...method,
    ...recipes[options.level],
    ...network.entry.adaptation,
    ...options.ablation,
  };
  if (drawn >= asked.mostDrawn) return { refused: 'drawn' };
  const { size } = network.entry.input;
  if (size !== undefined && size.width !== size.height) return { refused: 'oblong' };
  const all = [picture, ...series];
  const side = Math.max(...all.map((each) => patchSide(each, network, asked.patch)));
  if (side === 0) return { refused: 'too-small' };
  const pictures = all.filter(({ width, height }) => Math.min(width, height) >= side);
  const original = readGraph(network.bytes);
  const graph = forPatches(original, network.entry.output);
  const share = shareOf(graph, layoutOf(network.entry.input).shape(1, side, side), asked, device);
  const recipe = {
    ...asked,
    ...(share.because === 'slow' ? { trainingBatches: Math.min(FEW_BATCHES, asked.trainingBatches) } : {}),
    ...(isLooser(network, pictures, side) && options.ablation?.featureAnchor === undefined
      ? { featureAnchor: LOOSER * asked.featureAnchor }
      : {}),
    ...(toldDrawn >= asked.likelyDrawn ? { keptShare: asked.keptShare / 2 } : {}),
  };
  return { recipe, network, original, share, side, pictures, several: series.length > 0 };
}

/** The network with its picture as the only output, for any number of patches at once, whatever its file says. */
export function forPatches(graph: Graph, output: string): Graph {
  const free = (info: Graph['inputs'][number]) => ({
    ...info,
    shape: info.shape.length > 0 ? ['batch', ...info.shape.slice(1)] : [],
  });
  return {
    ...graph,
    inputs: graph.inputs.map(free),
    outputs: graph.outputs.filter(({ name }) => name === output).map(free),
  };
}

/**
 * Side of the patches; 0 where the picture does not hold one that is worth comparing.
 *
 * @param network for pictures of any size, or of one square size
 * @param most side that the recipe asks for
 */
export function patchSide(picture: Pick<NetworkPicture, 'width' | 'height'>, network: Network, most: number): number {
  const { size } = network.entry.input;
  const least = Math.min(picture.width, picture.height);
  if (size !== undefined) return size.width <= least ? size.width : 0;
  const multiple = sideUnit(network.entry.multipleOf);
  const wanted = Math.max(evenSide(least, most), Math.min(16, least), multiple <= least ? multiple : 0);
  const side = Math.floor(wanted / multiple) * multiple;
  return side >= 16 ? side : 0;
}

/** A network of others, and pictures that hold more than two patches by two. */
function isLooser({ entry }: Network, pictures: readonly NetworkPicture[], side: number): boolean {
  const few = pictures.length === 1 && pictures.every(({ width, height }) => Math.max(width, height) <= 2 * side);
  return entry.adaptation === undefined && !few;
}

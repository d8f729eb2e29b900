import type { Graph } from '../../graph';
import { foldedConv, foldOf } from '../folded-conv';
import { countOf, INPUT, NetworkBuilder } from '../network-builder';
import { refuse, type Weights } from '../weights';
import type { Architecture } from './architecture';

/** Names of the modules of an ESRGAN network in one of the three forms that files have. */
interface Names {
  readonly first: string;
  readonly blocks: number;
  readonly dense: (block: number, dense: number, conv: number) => string;
  readonly trunk: string;
  /** One for each doubling. */
  readonly up: readonly string[];
  readonly high: string;
  readonly last: string;
}

/**
 * ESRGAN's residual-in-residual dense blocks (RRDBNet): ESRGAN, Real-ESRGAN ×4plus, BSRGAN and most of the community's
 * networks. At ×1 and ×2 Real-ESRGAN first folds the picture's pixels into channels.
 */
export const rrdb: Architecture = {
  name: 'ESRGAN',
  fits: (weights) => namesIn(weights) !== null,
  build: (weights) => build(weights, namesIn(weights)!),
};

function namesIn(weights: Weights): Names | null {
  const has = (...keys: string[]) => keys.every((key) => weights.has(key));
  if (has('model.0.weight', 'model.1.sub.0.RDB1.conv1.0.weight')) {
    // A sequence: first, trunk, then upsampling, convolution and activation for each doubling, then two more layers.
    const length = countOf(weights, 'model.');
    const doublings = (length - 5) / 3;
    const blocks = countOf(weights, 'model.1.sub.') - 1;
    return {
      first: 'model.0',
      blocks,
      dense: (block, dense, conv) => `model.1.sub.${block}.RDB${dense}.conv${conv}.0`,
      trunk: `model.1.sub.${blocks}`,
      up: Array.from({ length: doublings }, (_, i) => `model.${3 * (i + 1)}`),
      high: `model.${length - 3}`,
      last: `model.${length - 1}`,
    };
  }
  const real = has('conv_first.weight', 'body.0.rdb1.conv1.weight', 'conv_body.weight', 'conv_last.weight');
  const old = has('conv_first.weight', 'RRDB_trunk.0.RDB1.conv1.weight', 'trunk_conv.weight', 'conv_last.weight');
  if (!real && !old) return null;
  const up = [1, 2, 3].map((i) => (real ? `conv_up${i}` : `upconv${i}`)).filter((key) => weights.has(`${key}.weight`));
  return {
    first: 'conv_first',
    blocks: countOf(weights, real ? 'body.' : 'RRDB_trunk.'),
    dense: (block, dense, conv) =>
      real ? `body.${block}.rdb${dense}.conv${conv}` : `RRDB_trunk.${block}.RDB${dense}.conv${conv}`,
    trunk: real ? 'conv_body' : 'trunk_conv',
    up,
    high: real ? 'conv_hr' : 'HRconv',
    last: 'conv_last',
  };
}

/** Share of a dense block, and of three of them, that is added to what went in. */
const RESIDUAL = 0.2;
const SLOPE = 0.2;

function build(weights: Weights, names: Names): Graph {
  if ([...weights.keys()].some((key) => key.includes('.conv1x1.'))) {
    throw refuse('ESRGAN+ networks cannot be read yet.', 'Get this network as an .onnx file.');
  }
  const s = new NetworkBuilder('esrgan', weights);
  const first = s.take(`${names.first}.weight`);
  const channelsOut = s.take(`${names.last}.weight`).dims[0]!;
  const fold = foldOf(first.dims[1]!, channelsOut);
  const channelsIn = first.dims[1]! / fold ** 2;

  let x = foldedConv(s, INPUT, names.first, fold);

  const scaled = (value: string) => s.op('Mul', [value, s.number(RESIDUAL)]);
  const dense = (input: string, block: number, number: number): string => {
    const all = [input];
    for (let conv = 1; conv <= 4; conv++) {
      const joined = all.length === 1 ? input : s.op('Concat', all, { axis: 1 });
      all.push(s.leakyRelu(s.conv(joined, names.dense(block, number, conv)), SLOPE));
    }
    const last = s.conv(s.op('Concat', all, { axis: 1 }), names.dense(block, number, 5));
    return s.op('Add', [scaled(last), input]);
  };
  const before = x;
  for (let block = 0; block < names.blocks; block++) {
    let y = x;
    for (let number = 1; number <= 3; number++) y = dense(y, block, number);
    x = s.op('Add', [scaled(y), x]);
  }
  x = s.op('Add', [before, s.conv(x, names.trunk)]);
  for (const up of names.up) x = s.leakyRelu(s.conv(s.nearest(x, 2), up), SLOPE);
  x = s.conv(s.leakyRelu(s.conv(x, names.high), SLOPE), names.last);
  return s.finish(x, { channelsIn, channelsOut });
}

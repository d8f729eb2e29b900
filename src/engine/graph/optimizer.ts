import type { GraphBuilder } from './builder';
import type { Value } from './recorder';

/** The learning rate is an input of the step, so that schedules need no new graph. */
export type Optimizer = {
  /** Gradients are scaled down together where their common L2 norm exceeds this; left out: never. */
  readonly clipNorm?: number;
} & (
  | {
      /** Kingma & Ba 2015 with bias correction, as torch.optim.Adam; betas 0.9 and 0.99, epsilon 1e-8 if left out. */
      readonly type: 'adam';
      readonly betas?: readonly [number, number];
      readonly epsilon?: number;
    }
  /** As torch.optim.SGD: `v = momentum v + g; w = w - lr v`; momentum 0.9 if left out. */
  | { readonly type: 'sgd'; readonly momentum?: number }
);

/** Number of values in the input `schedule`. */
export const SCHEDULE_SIZE = 3;

const betasOf = (optimizer: Optimizer & { type: 'adam' }): readonly [number, number] => optimizer.betas ?? [0.9, 0.99];

/** Names of what an optimizer remembers of each weight. */
export const momentsOf = (optimizer: Optimizer): readonly string[] =>
  optimizer.type === 'adam' ? ['moment.first', 'moment.second'] : ['moment.velocity'];

/**
 * The input `schedule` [3] of a training step.
 *
 * @param step 1 for the first step since the moments were zero
 */
export function scheduleOf(optimizer: Optimizer, step: number, learningRate: number): Float32Array {
  if (optimizer.type === 'sgd') return Float32Array.of(learningRate, 1, 1);
  const [first, second] = betasOf(optimizer);
  return Float32Array.of(learningRate, 1 / (1 - first ** step), 1 / Math.sqrt(1 - second ** step));
}

export interface Update {
  readonly weights: Value;
  readonly moments: readonly Value[];
  /** L2 norm of all gradients before clipping, a scalar. */
  readonly norm: Value;
}

/** New weights and moments from packed vectors [P] of the present ones and the gradient. */
export function update(
  b: GraphBuilder,
  optimizer: Optimizer,
  weights: Value,
  gradient: Value,
  moments: readonly Value[],
  schedule: Value,
): Update {
  const norm = b.sqrt(b.reduceSum(b.square(gradient), [0]));
  const { clipNorm } = optimizer;
  // As torch.nn.utils.clip_grad_norm_.
  const scale = clipNorm === undefined ? undefined : b.min(b.div(clipNorm, b.add(norm, 1e-6)), 1);
  const g = scale === undefined ? gradient : b.mul(gradient, scale);
  const [rate, first, second] = [0, 1, 2].map((i) => b.slice(schedule, [i], [i + 1], [0])) as [Value, Value, Value];
  if (optimizer.type === 'sgd') {
    const velocity = b.add(b.mul(moments[0]!, optimizer.momentum ?? 0.9), g);
    return { weights: b.sub(weights, b.mul(velocity, rate)), moments: [velocity], norm };
  }
  const [beta1, beta2] = betasOf(optimizer);
  const mean = b.add(b.mul(moments[0]!, beta1), b.mul(g, 1 - beta1));
  const variance = b.add(b.mul(moments[1]!, beta2), b.mul(b.square(g), 1 - beta2));
  const deviation = b.add(b.mul(b.sqrt(variance), second), optimizer.epsilon ?? 1e-8);
  const change = b.div(b.mul(mean, b.mul(rate, first)), deviation);
  return { weights: b.sub(weights, change), moments: [mean, variance], norm };
}

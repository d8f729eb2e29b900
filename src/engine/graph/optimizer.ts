import type { GraphBuilder } from './graph-builder';
import type { Value } from './value';

/** The learning rate is an input of the step, so that schedules need no new graph. */
export type Optimizer = {
  /** Gradients are scaled down together where their common L2 norm exceeds this; left out: never. */
  readonly clipNorm?: number;
  /**
   * Pull towards the weights that training began with, beside the gradient's step as AdamW's decay is (Loshchilov &
   * Hutter 2019): `w = w - lr anchor (w - w0)`. 0 or left out: none.
   */
  readonly anchor?: number;
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

export interface UpdateInputs {
  /** Packed vectors [P]. */
  readonly weights: Value;
  /** The weights that training began with; left out where there is no anchor. */
  readonly origin?: Value;
  readonly gradient: Value;
  readonly moments: readonly Value[];
  /** L2 norm of the gradient [1]. */
  readonly norm: Value;
  readonly schedule: Value;
  /** [1]: 1, or 0 where weights must stay as they are. */
  readonly learns: Value;
}

/** New weights and moments. */
export function update(
  b: GraphBuilder,
  optimizer: Optimizer,
  { weights, origin, gradient, moments, norm, schedule, learns }: UpdateInputs,
): { weights: Value; moments: readonly Value[] } {
  const { clipNorm, anchor = 0 } = optimizer;
  // As torch.nn.utils.clip_grad_norm_.
  const scale =
    clipNorm === undefined ? undefined : b.where(b.greater(norm, clipNorm), b.div(clipNorm, b.add(norm, 1e-6)), 1);
  const g = scale === undefined ? gradient : b.mul(gradient, scale);
  const [given, first, second] = [0, 1, 2].map((i) => b.slice(schedule, [i], [i + 1], [0])) as [Value, Value, Value];
  const rate = b.mul(given, learns);
  const held = origin === undefined ? weights : b.sub(weights, b.mul(b.sub(weights, origin), b.mul(rate, anchor)));
  if (optimizer.type === 'sgd') {
    const velocity = b.add(b.mul(moments[0]!, optimizer.momentum ?? 0.9), g);
    return { weights: b.sub(held, b.mul(velocity, rate)), moments: [velocity] };
  }
  const [beta1, beta2] = betasOf(optimizer);
  const mean = b.add(b.mul(moments[0]!, beta1), b.mul(g, 1 - beta1));
  const variance = b.add(b.mul(moments[1]!, beta2), b.mul(b.square(g), 1 - beta2));
  const deviation = b.add(b.mul(b.sqrt(variance), second), optimizer.epsilon ?? 1e-8);
  const change = b.div(b.mul(mean, b.mul(rate, first)), deviation);
  return { weights: b.sub(held, change), moments: [mean, variance] };
}

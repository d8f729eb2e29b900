/** Why an adaptation leaves the network as it is. */
export type Reason =
  /** No patch that is worth comparing fits into the picture. */
  | 'too-small'
  /** The network takes pictures of one size only, and that is not square. */
  | 'oblong'
  /** The weights are mostly those for drawings, which one picture only makes worse. */
  | 'drawn'
  /** No fine detail to learn from. */
  | 'flat'
  /** Nothing but noise to learn from. */
  | 'noise'
  /** The result agrees with the picture as well as 8 bits can tell. */
  | 'agrees'
  /** The person stopped it before the held-out patches got better. */
  | 'stopped'
  /** The held-out patches did not get better. */
  | 'no-gain';

/** In place of a result: nothing is to be done, and why. */
export interface Refusal {
  readonly refused: Reason;
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value;
}

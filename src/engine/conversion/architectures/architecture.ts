import type { Graph } from '../../graph';
import type { Weights } from '../weights';

/** A family of networks that is told by the names and shapes of its weights. */
export interface Architecture {
  /** What people call it. */
  readonly name: string;
  /** Whether these are weights of this family. */
  fits(weights: Weights): boolean;
  /** @throws LWayError `bad-model` where weights are missing or do not fit */
  build(weights: Weights): Graph;
}

import type { EngineEvent } from '../contract';
import type { Network } from '../network/registry';
import type { NetworkPicture } from './picture';
import type { AblatedOptions } from './recipe';

export interface AdaptRequest {
  readonly picture: NetworkPicture;
  /** Others that were taken in the same way, to learn from as well. Of all, those smaller than a patch take no part. */
  readonly series?: readonly NetworkPicture[];
  /** The SR network that learns. */
  readonly network: Network;
  /** How far its weights are those for drawings, 0..100; left out: not at all. */
  readonly drawn?: number;
  /** Probability that the picture is drawn, 0..1; left out: nobody asked. */
  readonly toldDrawn?: number;
  readonly options: AblatedOptions;
  readonly onEvent?: (event: EngineEvent) => void;
}

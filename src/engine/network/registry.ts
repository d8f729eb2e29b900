/** How a network wants its image: found by probing for networks that a person brings. */
export interface ImageInput {
  name: string;
  layout: 'NCHW' | 'NHWC';
  channels: 'RGB' | 'BGR';
  /** Values that black and white have: [0, 1] or [0, 255]. */
  range: readonly [number, number];
  type: 'float32' | 'float16';
  /** Fixed input size, where the network has one. */
  size?: { width: number; height: number };
}

/** Fields of an adaptation's recipe that a network may have of its own. */
export type OwnRecipe = Readonly<Partial<Record<'learningRate' | 'pairsWeight' | 'unseenAnchor' | 'start', number>>>;

/** What a network's weights can be mixed towards. */
export type EndName = 'faithful' | 'crisp' | 'clean' | 'sharp' | 'drawn';

/** A network of the same graph, or a file of offsets to one, and when it is mixed in by itself. */
export interface EndOfNetwork {
  /** Id in the registry. */
  model: string;
  /** The picture's noise, in 8-bit steps, from which on a little and from which on all of it is taken. */
  noise?: readonly [number, number];
  /** The same for its compression: 100 less the JPEG quality. */
  compression?: readonly [number, number];
  /** The same for the width of its blur, in pixels of the picture. */
  blur?: readonly [number, number];
  /** The same for the probability that the picture is drawn, 0..1. */
  drawn?: readonly [number, number];
}

/** One entry of `models/models.json`, or of the person's own list. */
export interface NetworkEntry {
  id: string;
  /** File name beside the registry. */
  file: string;
  kind: 'sr' | 'encoder' | 'reconstructor' | 'features' | 'start' | 'estimate' | 'drawing' | 'end';
  /** For people, e.g. "LWay Faithful ×4". */
  name: string;
  description?: string;
  scale: number;
  input: ImageInput;
  output: string;
  /** Radius in LR pixels; `null` where every output pixel sees the whole input (global pooling, instance norm). */
  receptiveField: number | null;
  /** Width and height must be multiples of this. */
  multipleOf: number;
  parameters: number;
  bytes: number;
  sha256: string;
  licence: string;
  data?: string;
  /** Model card beside the registry. */
  card?: string;
  quality?: unknown;
  /**
   * Of an SR network: what its adaptation does otherwise than the recipe says. Only for networks that were measured; others
   * are held as firmly, and led as slowly, as one that invents much must be.
   */
  adaptation?: OwnRecipe;
  /** Of an SR network: whether its weights are for drawings. */
  forDrawings?: boolean;
  /** Of an SR network: what Detail, Noise and Blur mix its weights towards. */
  ends?: Readonly<Partial<Record<EndName, EndOfNetwork>>>;
  /** Of an SR network: id of the start network that moves its weights to suit a picture. */
  start?: string;
  /** Of a feature network: what each of its maps counts in the distance, by output name; those not named do not take part. */
  layerWeights?: Readonly<Record<string, number>>;
}

export interface NetworkRegistry {
  version: 1;
  /** Id of the network that is taken where none is named. */
  default: string;
  /** The one that is taken instead where neither a GPU nor more than one thread computes: quicker. */
  defaultWhereSlow?: string;
  models: NetworkEntry[];
}

/** A network ready to be used: its entry and its bytes, checked against each other. */
export interface Network {
  entry: NetworkEntry;
  bytes: Uint8Array;
}

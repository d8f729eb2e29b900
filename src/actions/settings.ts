/** How hard the network is adapted to the picture before it is applied. */
export type AdaptLevel = 'off' | 'quick' | 'standard' | 'thorough';

/** What the person chose. Plain data: the panel edits it, actions record it, the command line spells it as flags. */
export interface UpscaleSettings {
  /** Id in the model registry. */
  model: string;
  /** Factor 1..8, or a size that the result fits into exactly (width × height in pixels). */
  size: { scale: number } | { width: number; height: number };
  target: 'layer' | 'region';
  /** Where the result goes: a new layer in the enlarged document, or a new document. */
  destination: 'layer' | 'document';
  adapt: AdaptLevel;
  /** 0 the network as it was, 1 fully adapted. */
  strength: number;
  /**
   * Where a network has a faithful and a crisp form: 0 the weights of the faithful one, 1 those of the crisp one, in between
   * a mix. Left out, `model` is taken exactly as it came.
   */
  crispness?: number;
}

export const defaultSettings: UpscaleSettings = {
  model: 'default',
  size: { scale: 4 },
  target: 'layer',
  destination: 'layer',
  adapt: 'standard',
  strength: 1,
};

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
  /** 0 faithful … 100 crisp, for networks that can be mixed so. Left out: as suits the picture. */
  detail?: number;
  /** 0 keep the noise … 100 clean, for networks that can be mixed so. Left out: as suits the picture. */
  noise?: number;
  /** 0 keep the blur … 100 sharpen, for networks that can be mixed so. Left out: as suits the picture. */
  blur?: number;
}

export const defaultSettings: UpscaleSettings = {
  model: 'default',
  size: { scale: 4 },
  target: 'layer',
  destination: 'layer',
  adapt: 'standard',
  strength: 1,
};

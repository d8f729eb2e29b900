/** The values that `require('photoshop').constants` has at run time, as far as LWay uses them. */
export const constants = {
  BitsPerChannelType: { ONE: 'bitDepth1', EIGHT: 'bitDepth8', SIXTEEN: 'bitDepth16', THIRTYTWO: 'bitDepth32' },
  BlendMode: { NORMAL: 'normal', MULTIPLY: 'multiply', PASSTHROUGH: 'passThrough' },
  DocumentFill: { WHITE: 'white', TRANSPARENT: 'transparent' },
  DocumentMode: {
    BITMAP: 'bitmapMode',
    CMYK: 'CMYKColorMode',
    GRAYSCALE: 'grayscaleMode',
    INDEXEDCOLOR: 'indexedColorMode',
    LAB: 'labColorMode',
    RGB: 'RGBColorMode',
  },
  ElementPlacement: { PLACEBEFORE: 'placeBefore', PLACEAFTER: 'placeAfter' },
  LayerKind: {
    NORMAL: 'pixel',
    GROUP: 'group',
    SMARTOBJECT: 'smartObject',
    TEXT: 'text',
    SOLIDFILL: 'solidColor',
    GRADIENTFILL: 'gradientFill',
    PATTERNFILL: 'pattern',
    VIDEO: 'video',
    LAYER3D: 'threeD',
    CURVES: 'curves',
  },
  NewDocumentMode: { GRAYSCALE: 'grayscaleMode', RGB: 'RGBColorMode', LAB: 'labColorMode' },
  RasterizeType: { ENTIRELAYER: 'entire' },
} as const;

export type Mode =
  'RGBColorMode' | 'grayscaleMode' | 'labColorMode' | 'CMYKColorMode' | 'indexedColorMode' | 'bitmapMode';
export type Depth = 8 | 16 | 32;

/** Values of white, as Photoshop stores them. */
export const white: Record<Depth, number> = { 8: 255, 16: 32768, 32: 1 };
export const profiles = ['sRGB IEC61966-2.1', 'Adobe RGB (1998)', 'Display P3', 'Dot Gain 20%', 'Gray Gamma 2.2'];

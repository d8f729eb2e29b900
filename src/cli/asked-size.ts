import type { UpscaleSettings } from '../actions/settings';
import { maxScale, minScale, type Scales } from '../actions/size';
import { LWayError } from '../engine';

/** A result size as people ask for it; in pixels of one side the other follows from the picture. */
export type AskedSize =
  | UpscaleSettings['size']
  | { readonly onlyWidth: number }
  | { readonly onlyHeight: number }
  | { readonly longEdge: number }
  | { readonly megapixels: number };

/** `3000x2000` to fit into, `3000x` or `x2000` for one side, `3000` for the longer one, `24mp`; `null` for anything else. */
export function readSize(text: string): AskedSize | null {
  const [, width, height] = /^(\d{1,7})?\s*[x×,]\s*(\d{1,7})?$/i.exec(text.trim()) ?? [];
  const positive = (digits: string | undefined) =>
    digits !== undefined && Number(digits) >= 1 ? Number(digits) : null;
  const [w, h] = [positive(width), positive(height)];
  if (width !== undefined && height !== undefined) return w && h ? { width: w, height: h } : null;
  if (w) return { onlyWidth: w };
  if (h) return { onlyHeight: h };
  const edge = positive(/^(\d{1,7})(?:\s*px)?$/i.exec(text.trim())?.[1]);
  if (edge) return { longEdge: edge };
  const megapixels = Number(/^(\d{1,5}(?:\.\d+)?|\.\d+)\s*mp$/i.exec(text.trim())?.[1]);
  return megapixels > 0 ? { megapixels } : null;
}

/** The factor, where it is the same for every picture. */
export const knownFactor = (asked: AskedSize): number | undefined => ('scale' in asked ? asked.scale : undefined);

/**
 * What it comes to for a picture of `width`×`height` pixels.
 * @throws LWayError `bad-option` where that is smaller than the picture, or more than eight times as large
 */
export function sizeFor(
  asked: AskedSize,
  width: number,
  height: number,
  { least, most }: Scales = { least: minScale, most: maxScale },
): UpscaleSettings['size'] {
  if ('scale' in asked || 'width' in asked) return asked;
  const scale =
    'onlyWidth' in asked
      ? asked.onlyWidth / width
      : 'onlyHeight' in asked
        ? asked.onlyHeight / height
        : 'longEdge' in asked
          ? asked.longEdge / Math.max(width, height)
          : Math.sqrt((asked.megapixels * 1e6) / (width * height));
  if (scale >= least && scale <= most) return { scale };
  throw new LWayError(
    'bad-option',
    `A picture of ${width}×${height} pixels cannot be upscaled to ${words(asked)}: that is ` +
      (scale < least ? 'smaller than it is.' : `more than ${most} times its size.`),
    'Choose another --size, or a factor with --scale.',
  );
}

function words(asked: Exclude<AskedSize, UpscaleSettings['size']>): string {
  if ('onlyWidth' in asked) return `a width of ${asked.onlyWidth}`;
  if ('onlyHeight' in asked) return `a height of ${asked.onlyHeight}`;
  if ('longEdge' in asked) return `${asked.longEdge} pixels on the longer side`;
  return `${asked.megapixels} megapixels`;
}

/** `x4`, `x2.5`, `3000x2000`, `3000w`, `2000h`, `3000px` or `24mp`: the end of a result's name beside its original. */
export function sizeSuffix(size: AskedSize): string {
  if ('scale' in size) return `x${size.scale}`;
  if ('width' in size) return `${size.width}x${size.height}`;
  if ('onlyWidth' in size) return `${size.onlyWidth}w`;
  if ('onlyHeight' in size) return `${size.onlyHeight}h`;
  return 'longEdge' in size ? `${size.longEdge}px` : `${size.megapixels}mp`;
}

import type { OutputSize } from '../contract';
import { LWayError } from '../common/errors';

export const scaleLimits = { least: 1, most: 8 } as const;

/**
 * Size of the result in pixels.
 *
 * @throws LWayError `bad-option` where a scale is not within 1..8
 */
export function outputSize(width: number, height: number, size: OutputSize): { width: number; height: number } {
  const result =
    'scale' in size
      ? { width: Math.round(width * size.scale), height: Math.round(height * size.scale) }
      : { width: size.width, height: size.height };
  const { least, most } = scaleLimits;
  const whole = Number.isSafeInteger(result.width) && Number.isSafeInteger(result.height);
  const within = (from: number, to: number) => to >= from * least && to <= from * most;
  if (!whole || !within(width, result.width) || !within(height, result.height)) {
    const asked = 'scale' in size ? `×${size.scale}` : `${size.width}×${size.height} pixels`;
    throw new LWayError(
      'bad-option',
      `A picture of ${width}×${height} pixels cannot be scaled to ${asked}.`,
      `Choose a scale from ${least} to ${most}: for this picture ${width}×${height} to ${width * most}×${height * most} pixels.`,
    );
  }
  return result;
}

import { LWayError } from '../../engine';
import type { Change, Refusal } from './protocol';

const sentences: Readonly<Record<Change, string>> = {
  closed: 'The image was closed in GIMP meanwhile',
  layer: 'The layer was removed in GIMP meanwhile',
  floating: 'The image has a floating selection now',
  mode: 'The image’s mode, precision or colour profile was changed meanwhile',
  size: 'The image was resized meanwhile',
  place: 'The layer was moved or resized meanwhile',
  masked: 'The layer’s mask or alpha channel was added, removed or switched meanwhile',
  pixels: 'The layer was painted on or otherwise edited meanwhile',
  mask: 'The layer’s mask was edited meanwhile',
};

/** The document is not as it was when the layer was opened. */
export function changedError(change: Change): LWayError {
  const advice =
    change === 'floating'
      ? 'Anchor it (Layer ▸ Anchor Layer) and upscale again, or choose a new image for the result.'
      : change === 'closed'
        ? 'Open it again, and choose Upscale with LWay there.'
        : 'Undo that and upscale again, or choose a new image for the result.';
  return new LWayError('document-changed', `${sentences[change]}; nothing was inserted.`, advice);
}

export function plugInError({ code, message }: Refusal['error']): LWayError {
  if (code === 'closed') return changedError('closed');
  return new LWayError(
    'unsupported',
    `GIMP says: ${message?.trim() || 'something failed'}`,
    'See what the image looks like in GIMP (Edit ▸ Undo takes a step back), and try again.',
  );
}

import type { UpscaleSettings } from '../actions/settings';
import type { EngineEvent, PlainError, PreviewImage } from '../engine';
import type { DocumentSummary } from '../hosts/host';
import type { FinishedUpscale } from './run-upscale';
import type { StrengthPreview } from './strength-preview';
import type { NetworkChoice } from './services';
import type { TryOut } from './try-out';

export interface CurvePoint {
  step: number;
  loss: number;
  heldOut?: number;
}

/** An upscale at work. */
export interface RunningJob {
  readonly phase: 'preparing' | 'adapting' | 'upscaling' | 'writing';
  /** Tiles, steps or hundredths done; null until the first is. */
  readonly progress: { done: number; total: number; unit?: 'analysis' | 'step' | 'tile'; secondsLeft?: number } | null;
  readonly curve: readonly CurvePoint[];
  /** A piece of the picture by the network as it came and as it is after `step` steps; null until there is one. */
  readonly learning: { step: number; before: PreviewImage; now: PreviewImage } | null;
  /** The person asked to stop adapting and keep what was learned. */
  readonly stopping: boolean;
  readonly cancelling: boolean;
}

/** A finished upscale, and what is tried with it. */
export interface Done {
  readonly kind: 'done';
  readonly finished: FinishedUpscale;
  /** Document that the result is in; its card is shown there. */
  readonly documentId: string | null;
  /** A piece of the result with another strength. A trial: it changes no setting. */
  readonly preview: StrengthPreview | null;
  readonly previewing: boolean;
  /** The same piece by the network before it was matched, to compare with; null: the picture itself is compared. */
  readonly unadapted: StrengthPreview | null;
}

/** What the panel is at. */
export type Work =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly job: RunningJob }
  | Done
  | { readonly kind: 'cancelled' }
  /** `rescue`: the result is whole, but there is nothing to place it in any more. */
  | { readonly kind: 'failed'; readonly error: PlainError; readonly rescue: FinishedUpscale | null };

/** A network that could not be taken in. */
export interface RefusedNetwork {
  readonly name: string;
  readonly error: PlainError;
}

export interface PanelState {
  /** Undefined until the editor has answered for the first time. */
  readonly document: DocumentSummary | null | undefined;
  readonly settings: UpscaleSettings;
  /** Undefined until they are known. */
  readonly networks: readonly NetworkChoice[] | undefined;
  /** The network that is being taken in, and what happened with those given together with it; null where none was. */
  readonly adding: { readonly name: string | null; readonly refused: readonly RefusedNetwork[] } | null;
  /** Why adaptation is not available; null where it is, or where that is not known yet. */
  readonly noAdaptation: string | null;
  readonly work: Work;
  readonly device: { device: string; name: string } | null;
  readonly notices: readonly string[];
  /** The editor has not answered at all, and might have by now. */
  readonly silent: boolean;
  /** Pieces of the picture by several choices, before anything is done; null: not asked for. */
  readonly tryOut: TryOut | null;
}

export const newJob: RunningJob = {
  phase: 'preparing',
  progress: null,
  curve: [],
  learning: null,
  stopping: false,
  cancelling: false,
};

/** The job after what the engine has said of it. */
export function jobAfter(job: RunningJob, event: EngineEvent): RunningJob {
  switch (event.type) {
    case 'phase':
      return { ...job, phase: event.phase, progress: null };
    case 'progress':
      return { ...job, progress: event };
    case 'adaptation':
      return { ...job, curve: [...job.curve, event] };
    case 'preview': {
      const { step, image: now } = event;
      return { ...job, learning: { step, before: job.learning?.before ?? now, now } };
    }
    default:
      return job;
  }
}

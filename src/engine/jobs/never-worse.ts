import type { AdaptationReport } from '../contract';
import { LWayError, toPlainError, type ErrorCode } from '../common/errors';
import type { PixelSource } from '../raster/raster';

// Who asks for an adaptation that turns out to be impossible gets the picture all the same, and is told why.

/** What to say of an adaptation that could not be made: an upscale is never worse off for having asked for one. */
export interface Unadapted {
  readonly report: AdaptationReport;
  /** One sentence for the person. */
  readonly notice: string;
}

/** @param seconds that were spent on it */
export function unadapted(error: unknown, seconds = 0): Unadapted {
  const { code, message } = toPlainError(error);
  const stopped: ErrorCode = code === 'aborted' ? 'internal' : code;
  return {
    notice: `Matching was not possible, so the original network is used: ${reasonOf(stopped, message)}`,
    report: {
      used: false,
      steps: 0,
      improvement: 0,
      message: 'The original network was used.',
      seconds,
      frozen: [],
      stopped,
    },
  };
}

/** Errors of the runtime speak of tiles, which an adaptation has none of. */
function reasonOf(code: ErrorCode, message: string): string {
  if (code === 'out-of-memory') return 'there is not enough memory for it.';
  if (code === 'device-lost') return 'the device stopped while it learned.';
  return message;
}

/** Pictures that remember whether it was reading them that failed: then upscaling them will fail as well. */
export class WatchedSources {
  private readonly errors = new Set<unknown>();

  watch(source: PixelSource): PixelSource {
    const read: PixelSource['read'] = async (signal, rect) => {
      try {
        return await source.read(signal, rect);
      } catch (error) {
        this.errors.add(error);
        throw error;
      }
    };
    return { info: source.info, read };
  }

  caused(error: unknown): boolean {
    return this.errors.has(error);
  }
}

/** Answers that show that an adapted network is no good where the original may well be. */
const SPOILT: ReadonlySet<ErrorCode> = new Set(['bad-output', 'bad-model', 'bad-graph', 'internal']);

/** Whether an adapted network, and not the device or the picture, may be what failed. */
export function mayBeSpoilt(error: unknown): boolean {
  return error instanceof LWayError && SPOILT.has(error.code);
}

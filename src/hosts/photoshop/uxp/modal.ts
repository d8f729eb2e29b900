import { LWayError } from '../../../engine';
import { abortError, reasonOf } from '../bridge/bridge';
import type { ModalContext, PhotoshopApi } from './photoshop-api';

/** Photoshop's code for "host is in a modal state". */
const HOST_IS_MODAL = 9;
/** How long Photoshop itself queues a request, and how long we go on asking. */
const QUEUE_MS = 1_000;
const PATIENCE_MS = 20_000;

export interface Scope {
  readonly context: ModalContext;
  /** Throws where the person or the page has cancelled; call it between two calls to Photoshop. */
  check(): void;
}

/**
 * The way into Photoshop's modal state, one at a time. While an action plays, Photoshop has opened the state already and
 * all work goes on inside it.
 */
export class ModalGate {
  private queue: Promise<unknown> = Promise.resolve();
  private playing: ModalContext | undefined;

  constructor(
    private readonly ps: Pick<PhotoshopApi, 'core'>,
    private readonly patience = PATIENCE_MS,
  ) {}

  get isPlaying(): boolean {
    return this.playing !== undefined;
  }

  /** Runs `work` with `context` as the modal state that is open already (a playing action's). */
  async inside<T>(context: ModalContext, work: () => Promise<T>): Promise<T> {
    this.playing = context;
    try {
      return await work();
    } finally {
      // What was begun inside is rolled back inside, also where nobody waits for it any more.
      await this.queue;
      this.playing = undefined;
    }
  }

  /**
   * Runs `work` in the modal state.
   *
   * @param interactive no progress dialog: for reading
   * @throws LWayError `busy` where another plugin or an open dialog holds Photoshop for long; the signal's reason or an
   *   AbortError where `signal` or the person (Esc) cancels
   */
  run<T>(signal: AbortSignal, name: string, interactive: boolean, work: (scope: Scope) => Promise<T>): Promise<T> {
    const turn = this.queue.then(() => this.enter(signal, name, interactive, work));
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async enter<T>(
    signal: AbortSignal,
    name: string,
    interactive: boolean,
    work: (scope: Scope) => Promise<T>,
  ): Promise<T> {
    const until = Date.now() + this.patience;
    for (;;) {
      if (this.playing) return this.guard(signal, this.playing, work);
      if (signal.aborted) throw reasonOf(signal);
      let entered = false;
      try {
        return await this.ps.core.executeAsModal(
          (context) => {
            entered = true;
            return this.guard(signal, context, work);
          },
          { commandName: name, interactive, timeOut: QUEUE_MS / 1000 },
        );
      } catch (error) {
        if (entered || (error as { number?: number } | null)?.number !== HOST_IS_MODAL) throw error;
        if (Date.now() >= until) {
          throw new LWayError(
            'busy',
            'Photoshop is busy.',
            'Close any dialogs, finish or cancel other plugins and running filters, then try again.',
            { cause: error },
          );
        }
        await new Promise<void>((resolve) => void setTimeout(resolve, 100));
      }
    }
  }

  private async guard<T>(signal: AbortSignal, context: ModalContext, work: (scope: Scope) => Promise<T>): Promise<T> {
    const check = () => {
      if (signal.aborted) throw reasonOf(signal);
      if (context.isCancelled) throw abortError();
    };
    try {
      check();
      // Not checked again afterwards: what has been done is done, and is said to be.
      return await work({ context, check });
    } catch (error) {
      // Once cancelled, every call to Photoshop throws something of its own.
      if (error instanceof LWayError) throw error;
      check();
      throw error;
    }
  }
}

/** What `suspendHistory` gives while a playing action owns the suspension: it can neither be resumed nor rolled back. */
const OWNED_BY_ACTION = 0xffffffff;

/**
 * Makes everything that `work` does to a document one history state, or nothing at all when it throws.
 *
 * @param keep false rolls back in the end: for copies that are only made to be read
 * @param undo takes back by hand what `work` did, for playing actions that own the history themselves
 */
export async function suspended<T>(
  context: ModalContext,
  documentID: number,
  name: string,
  keep: boolean,
  work: () => Promise<T>,
  undo: () => Promise<void>,
): Promise<T> {
  const suspension = await context.hostControl.suspendHistory({ documentID, name });
  const owned = (suspension as unknown) === OWNED_BY_ACTION;
  let result: T;
  try {
    result = await work();
  } catch (error) {
    if (owned) await undo();
    else await quietly(() => context.hostControl.resumeHistory(suspension, false));
    throw error;
  }
  if (!owned) await context.hostControl.resumeHistory(suspension, keep);
  else if (!keep) await undo();
  return result;
}

/**
 * After a cancel every call throws, this one too; leaving the scope by an exception then rolls back by itself, which is
 * what happens next.
 */
async function quietly(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // See above.
  }
}

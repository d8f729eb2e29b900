import { LWayError } from '../../../engine';
import { abortError } from '../bridge/bridge';
import { STEP_NAME, type CommandId, type PhotoshopBridge } from '../protocol';
import type { ModalGate } from './modal';
import type { ModalContext } from './photoshop-api';

/** A page of ours that runs in a WebView. */
export interface LivePage {
  readonly bridge: PhotoshopBridge;
  /** Closes a page that was opened for one job; nothing for the panel's. */
  close(): void;
}

export interface Pages {
  /** The panel's page, whether or not it still answers; null where the panel was never opened. */
  panel(): PhotoshopBridge | null;
  /** Brings the panel to the front; false where Photoshop cannot. */
  showPanel(): Promise<boolean>;
  /** Opens a dialog with a page of its own. */
  open(): Promise<LivePage>;
}

/** How long the panel's page has to show that it is alive: the WebView of a hidden panel may be asleep. */
const ALIVE_MS = 3_000;
/** How long a new page has to load the runtime and announce itself. */
const LOAD_MS = 60_000;

/** Replays recorded steps and runs commands, in the panel's page or in one brought up for it. */
export class Player {
  constructor(
    private readonly gate: ModalGate,
    private readonly pages: Pages,
    private readonly timing = { alive: ALIVE_MS, load: LOAD_MS },
  ) {}

  /**
   * Photoshop's call for a recorded step. Resolves with the step as it is to be recorded again, once all is written.
   *
   * @param context the playing action's modal state
   */
  play(context: ModalContext, info: Record<string, unknown>): Promise<Record<string, unknown>> {
    const controller = new AbortController();
    const before = context.onCancel;
    context.onCancel = (event) => {
      before?.(event);
      controller.abort(abortError());
    };
    return this.gate.inside(context, () =>
      this.withPage(controller.signal, async (page) => {
        const { value } = await page.bridge.request(
          controller.signal,
          'play',
          { info },
          {
            onProgress: ({ value: done, text }) => {
              if (context.isCancelled) controller.abort(abortError());
              else
                context.reportProgress({ value: Math.min(1, Math.max(0, done)), commandName: `${STEP_NAME}: ${text}` });
            },
          },
        );
        return value.info;
      }),
    );
  }

  /** A menu command: in the panel, so that the person sees what happens, or in a dialog where it cannot be shown. */
  async command(signal: AbortSignal, id: CommandId): Promise<void> {
    if (await this.pages.showPanel()) {
      const panel = this.pages.panel();
      // A panel that is shown for the first time has its page to load yet.
      if (panel) await this.loaded(panel, signal).catch(() => undefined);
    }
    await this.withPage(signal, async ({ bridge }) => {
      await bridge.request(signal, 'command', { id });
    });
  }

  private async withPage<T>(signal: AbortSignal, work: (page: LivePage) => Promise<T>): Promise<T> {
    const panel = this.pages.panel();
    if (panel && (await this.answers(panel, signal))) return work({ bridge: panel, close: () => undefined });
    const page = await this.pages.open();
    try {
      await this.loaded(page.bridge, signal);
      return await work(page);
    } finally {
      page.close();
    }
  }

  /** Asleep, busy with another upscale or not there: all mean that another page has to do it. */
  private async answers(bridge: PhotoshopBridge, signal: AbortSignal): Promise<boolean> {
    if (!bridge.connected) return false;
    try {
      const { value } = await bridge.request(signal, 'ping', null, { silence: this.timing.alive });
      return value?.idle === true;
    } catch (error) {
      if (signal.aborted) throw error;
      return false;
    }
  }

  private async loaded(bridge: PhotoshopBridge, signal: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const cancel = () => waiting.abort(signal.reason ?? abortError());
    signal.addEventListener('abort', cancel, { once: true });
    const timer = setTimeout(
      () =>
        waiting.abort(
          new LWayError(
            'timeout',
            'The LWay panel did not start.',
            'Open it with Plugins > LWay and try again. On Windows, the WebView2 runtime must be installed.',
          ),
        ),
      this.timing.load,
    );
    try {
      await bridge.whenConnected(waiting.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    }
  }
}

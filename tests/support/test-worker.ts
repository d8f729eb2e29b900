import type { Adapt } from '../../src/engine/jobs/local-engine';
import type { ToWorker, WorkerLike } from '../../src/engine/browser/messages';
import { serveEngine } from '../../src/engine/browser/worker';
import { ailingRuntime } from './ailing-runtime';

type Listener = (event: { data: unknown; message?: string }) => void;

/**
 * Both halves of the engine joined by a message channel, so that only what can be cloned crosses; the worker's half
 * computes on native CPU in this very process. `ail` can spoil single runs of the network.
 */
export class TestWorker implements WorkerLike {
  terminated = false;
  readonly received: ToWorker[] = [];
  private readonly channel = new MessageChannel();
  private readonly listeners = new Map<string, Listener[]>();

  constructor(
    ail: (run: number) => Promise<void> | void,
    readonly number: number,
    adapt?: Adapt,
  ) {
    const { port1, port2 } = this.channel;
    port1.onmessage = ({ data }: MessageEvent) => this.emit('message', { data });
    let runs = 0;
    serveEngine(
      {
        postMessage: (message, transfer = []) => this.terminated || port2.postMessage(message, transfer),
        addEventListener: (_, listener) =>
          (port2.onmessage = ({ data }: MessageEvent) => {
            if (!this.terminated) listener({ data });
          }),
      },
      {
        adapt,
        runtimes: (load) => ({
          fallback: 'wasm',
          open: async (device) => {
            await load('wasm');
            const runtime = ailingRuntime(
              { before: () => ail(runs++) },
              device === 'wasm' ? 'wasm' : 'webgpu',
              `worker ${number}`,
            );
            return { runtime, notices: [] };
          },
        }),
      },
    );
  }

  postMessage(message: ToWorker): void {
    this.received.push(message);
    this.channel.port1.postMessage(message);
  }

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  terminate(): void {
    this.terminated = true;
    this.channel.port1.close();
  }

  emit(type: string, event: { data?: unknown; message?: string }): void {
    if (!this.terminated)
      for (const listener of this.listeners.get(type) ?? []) listener({ data: undefined, ...event });
  }
}

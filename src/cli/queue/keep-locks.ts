import { Worker as Thread } from 'node:worker_threads';
import { join } from 'node:path';
import type { QueueAddress } from './address';

/** What the thread is told: which jobs are in work, or nothing but that this process still runs. */
export interface Holding {
  readonly id: string;
  readonly token: string;
}
export interface ThreadData {
  readonly address: QueueAddress;
  /** Milliseconds that a job stays this worker's without being renewed. */
  readonly patience: number;
}

/**
 * Keeps jobs this worker's from a thread of its own: while a network computes a tile nothing else in this process runs, and
 * a queue that hears nothing gives the job to somebody else.
 */
export class LockKeeper {
  private readonly held = new Map<string, string>();
  private readonly thread: Thread;

  /** @param root folder of the installed package */
  constructor(root: string, workerData: ThreadData) {
    this.thread = new Thread(join(root, 'dist', 'cli', 'keep-locks.cjs'), { workerData });
    this.thread.on('error', () => undefined);
    this.thread.unref();
  }

  hold(id: string, token: string): void {
    this.held.set(id, token);
    this.tell();
  }

  letGo(id: string): void {
    this.held.delete(id);
    this.tell();
  }

  /** Says that the process is not stuck. */
  tell(): void {
    const holding = [...this.held].map(([id, token]): Holding => ({ id, token }));
    this.thread.postMessage(holding);
  }

  async close(): Promise<void> {
    await this.thread.terminate();
  }
}

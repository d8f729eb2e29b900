import { breathe } from '../common/breathe';
import { fromOrtError } from './ort-errors';
import type { Device, InferenceSession, Ort, Runtime, SessionOptions } from './runtime';
import { miscomputesChannelsLast } from './miscomputed-conv';

export interface OrtRuntimeOptions {
  device: Device;
  deviceName: string;
  /** Bytes of the largest buffer that the device gives. */
  largestBuffer?: number;
  /** Options that this package of ONNX Runtime needs for every session. */
  session?: InferenceSession.SessionOptions;
  /** Resolves when the device is lost; asked for once, when there is a session and so a device. */
  deviceLost?: () => Promise<unknown>;
  /** Called once by `dispose`, after all sessions are released. */
  onDispose?: () => void | Promise<void>;
}

/** A {@link Runtime} over any of ONNX Runtime's packages. Sessions are created one after the other, as ONNX Runtime asks. */
export class OrtRuntime implements Runtime {
  readonly device: Device;
  readonly deviceName: string;
  readonly largestBuffer?: number;
  private readonly sessions = new Set<InferenceSession>();
  private last: Promise<unknown> = Promise.resolve();
  private disposed = false;
  private watching = false;
  lost = false;

  constructor(
    readonly ort: Ort,
    private readonly options: OrtRuntimeOptions,
  ) {
    this.device = options.device;
    this.deviceName = options.deviceName;
    this.largestBuffer = options.largestBuffer;
  }

  createSession(model: Uint8Array, options: SessionOptions = {}): Promise<InferenceSession> {
    const created = this.last.then(() => this.create(model, options));
    this.last = created.catch(() => undefined);
    return created;
  }

  private async create(model: Uint8Array, options: SessionOptions): Promise<InferenceSession> {
    if (this.disposed) throw new Error('this runtime has been disposed');
    let session: InferenceSession;
    try {
      const chosen = this.sessionOptions(options);
      if (this.device === 'webgpu' && miscomputesChannelsLast(model)) {
        chosen.executionProviders = [{ name: 'webgpu', preferredLayout: 'NCHW' }];
      }
      session = await this.ort.InferenceSession.create(model, chosen);
    } catch (error) {
      throw fromOrtError(error, 'create', this.lost);
    }
    this.sessions.add(session);
    this.watch();
    // Here, so that nobody who runs a session can forget it: a lost device is told from a faulty network, and a worker
    // hears of "cancel" and "enough", for WASM computes on this thread (a GPU is waited for in turns anyway).
    const run = session.run.bind(session) as (...args: unknown[]) => Promise<InferenceSession.ReturnType>;
    session.run = async (...args: unknown[]) => {
      try {
        const results = await run(...args);
        if (this.device !== 'webgpu') await breathe();
        return results;
      } catch (error) {
        throw fromOrtError(error, 'run', this.lost);
      }
    };
    const release = session.release.bind(session);
    session.release = async () => {
      if (!this.sessions.delete(session)) return;
      await release();
    };
    await breathe();
    return session;
  }

  private watch(): void {
    if (this.watching || !this.options.deviceLost) return;
    this.watching = true;
    this.options.deviceLost().then(
      () => (this.lost = true),
      () => undefined,
    );
  }

  private sessionOptions({
    dimensions,
    keepOnDevice,
    training,
    asItStands,
    noFallback,
  }: SessionOptions): InferenceSession.SessionOptions {
    const options: InferenceSession.SessionOptions = {
      executionProviders: [this.device],
      // Errors come as exceptions; written to the terminal as well they would say it twice.
      logSeverityLevel: 4,
      ...this.options.session,
    };
    if (dimensions) options.freeDimensionOverrides = dimensions;
    if (training) {
      options.enableCpuMemArena = true;
      // Planned as one block, memory of a training step is twice what it needs at once, and no step is faster.
      options.enableMemPattern = false;
    }
    if (asItStands && this.device !== 'webgpu') options.graphOptimizationLevel = 'disabled';
    if (keepOnDevice && this.device === 'webgpu')
      options.preferredOutputLocation = Array.isArray(keepOnDevice)
        ? Object.fromEntries((keepOnDevice as readonly string[]).map((name) => [name, 'gpu-buffer' as const]))
        : 'gpu-buffer';
    if (noFallback) {
      const session = { ...((options.extra?.['session'] as object | undefined) ?? {}), disable_cpu_ep_fallback: '1' };
      options.extra = { ...options.extra, session };
    }
    return options;
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    await this.last;
    for (const session of [...this.sessions]) await session.release().catch(() => undefined);
    await this.options.onDispose?.();
  }
}

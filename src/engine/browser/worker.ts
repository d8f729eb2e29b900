import type { UpscaleReport } from '../engine';
import type { Adapt } from '../engine-core';
import { LocalEngine } from '../engine-core';
import type { FromWorker, Request, ToWorker, WorkerPort } from './messages';
import { isMessage } from './messages';
import { fromPlainError, LWayError, toPlainError } from '../errors';
import type { PixelSink, PixelSource, Raster } from '../raster/raster';
import type { Network } from '../network/registry';
import type { LoadOrtFiles, OrtFiles } from '../runtime/ort-files';
import type { Runtimes } from '../runtime/runtimes';
import { takeIn, type Brought } from '../upscaling/take-in';

export interface WorkerParts {
  /** @param load gets ONNX Runtime's files from the page */
  runtimes: (load: LoadOrtFiles) => Runtimes;
  adapt?: Adapt;
}

/** The worker's half of the engine: does one job after the other for the page on the other side of `port`. */
export function serveEngine(port: WorkerPort, parts: WorkerParts): void {
  new Server(port, parts);
}

interface Job {
  readonly number: number;
  readonly abort: AbortController;
  readonly enough: AbortController;
}

class Server {
  private readonly engine: LocalEngine;
  private readonly runtimes: Runtimes;
  private readonly jobs = new Map<number, Job>();
  private readonly open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  private requests = 0;
  private current = 0;

  constructor(
    private readonly port: WorkerPort,
    parts: WorkerParts,
  ) {
    this.runtimes = parts.runtimes((build) => this.ask(this.current, { what: 'files', build }) as Promise<OrtFiles>);
    this.engine = new LocalEngine({ runtimes: this.runtimes, adapt: parts.adapt, onDeviceLost: 'throw' });
    port.addEventListener('message', ({ data }) => {
      if (isMessage(data)) this.receive(data as ToWorker);
    });
  }

  private receive(message: ToWorker): void {
    switch (message.type) {
      case 'upscale':
        return this.start(message.job, (job) => this.upscale(job, message));
      case 'take-in':
        return this.start(message.job, (job) => this.takeIn(job, message.brought));
      case 'abort':
        return this.jobs.get(message.job)?.abort.abort();
      case 'enough':
        return this.jobs.get(message.job)?.enough.abort();
      case 'answer': {
        const waiting = this.open.get(message.request);
        this.open.delete(message.request);
        if (message.error) waiting?.reject(fromPlainError(message.error));
        else waiting?.resolve(message.value);
      }
    }
  }

  private start(number: number, work: (job: Job) => Promise<UpscaleReport | Network>): void {
    const job: Job = { number, abort: new AbortController(), enough: new AbortController() };
    this.jobs.set(number, job);
    this.current = number;
    void work(job).then(
      (result) => this.finish({ type: 'done', job: number, result }),
      (error: unknown) => this.finish({ type: 'failed', job: number, error: toPlainError(error) }),
    );
  }

  private finish(message: FromWorker): void {
    this.jobs.delete(message.job);
    this.port.postMessage(message);
  }

  private upscale(
    { number, abort, enough }: Job,
    { info, options, resume }: Extract<ToWorker, { type: 'upscale' }>,
  ): Promise<UpscaleReport> {
    const source: PixelSource = {
      info,
      read: (_, rect) => this.ask(number, { what: 'read', rect }) as Promise<Raster>,
    };
    const sink: PixelSink = {
      begin: async (_, result) => void (await this.ask(number, { what: 'begin', info: result })),
      write: async (_, x, y, piece) => void (await this.ask(number, { what: 'write', x, y, piece })),
      end: async () => void (await this.ask(number, { what: 'end' })),
    };
    const adapt = options.adapt && { ...options.adapt, enough: enough.signal };
    const onEvent = (event: Extract<FromWorker, { type: 'event' }>['event']) =>
      this.port.postMessage({ type: 'event', job: number, event });
    return this.engine.upscale(
      abort.signal,
      source,
      sink,
      { ...options, adapt, onEvent },
      {
        resume,
        onAdapted: (adapted) => this.port.postMessage({ type: 'adapted', job: number, adapted }),
      },
    );
  }

  private async takeIn({ abort }: Job, brought: Brought): Promise<Network> {
    const { runtime } = await this.runtimes.open(this.runtimes.fallback);
    try {
      return await takeIn(abort.signal, brought, runtime);
    } finally {
      await runtime.dispose();
    }
  }

  private ask(job: number, ask: Request): Promise<unknown> {
    const request = ++this.requests;
    return new Promise((resolve, reject) => {
      this.open.set(request, { resolve, reject });
      const transfer = ask.what === 'write' ? [ownBuffer(ask.piece)] : [];
      try {
        this.port.postMessage({ type: 'request', job, request, ask }, transfer);
      } catch (cause) {
        this.open.delete(request);
        reject(new LWayError('internal', 'The worker could not reach the page.', 'Reload the page.', { cause }));
      }
    });
  }
}

/** The memory of a finished piece, which is not needed here any more. */
function ownBuffer(piece: Raster): ArrayBuffer {
  return piece.data.buffer as ArrayBuffer;
}

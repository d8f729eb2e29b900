import type { UpscaleReport } from '../contract';
import type { Adapt } from '../jobs/local-engine';
import { LocalEngine } from '../jobs/local-engine';
import type { Call, FromWorker, Given, PageMethods, Result, ToWorker, WorkerMethods, WorkerPort } from './messages';
import { isMessage, serve } from './messages';
import { fromPlainError, LWayError, toPlainError } from '../common/errors';
import type { PixelSink, PixelSource, Raster } from '../raster/raster';
import type { Network } from '../network/registry';
import type { LoadOrtFiles } from '../runtime/ort-files';
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
    this.runtimes = parts.runtimes((build) => this.ask(this.current, 'files', build));
    this.engine = new LocalEngine({ runtimes: this.runtimes, adapt: parts.adapt, onDeviceLost: 'throw' });
    port.addEventListener('message', ({ data }) => {
      if (isMessage(data)) this.receive(data as ToWorker);
    });
  }

  private receive(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        return this.start(message.job, message.call);
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

  private start(number: number, call: Call<WorkerMethods>): void {
    const job: Job = { number, abort: new AbortController(), enough: new AbortController() };
    this.jobs.set(number, job);
    this.current = number;
    const methods = {
      upscale: (given: Given<WorkerMethods, 'upscale'>) => this.upscale(job, given),
      takeIn: (brought: Brought) => this.takeIn(job, brought),
    };
    void serve<WorkerMethods>(methods, call).then(
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
    { info, options, resume }: Given<WorkerMethods, 'upscale'>,
  ): Promise<UpscaleReport> {
    const source: PixelSource = {
      info,
      read: (_, rect) => this.ask(number, 'read', rect),
    };
    const sink: PixelSink = {
      begin: (_, result) => this.ask(number, 'begin', result),
      write: (_, x, y, piece) => this.ask(number, 'write', { x, y, piece }, [ownBuffer(piece)]),
      end: () => this.ask(number, 'end', null),
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

  private ask<M extends keyof PageMethods>(
    job: number,
    method: M,
    given: Given<PageMethods, M>,
    transfer: ArrayBuffer[] = [],
  ): Promise<Result<PageMethods, M>> {
    const request = ++this.requests;
    return new Promise((resolve, reject) => {
      this.open.set(request, { resolve: (value) => resolve(value as Result<PageMethods, M>), reject });
      const call = { method, given } as Call<PageMethods>;
      try {
        this.port.postMessage({ type: 'request', job, request, call }, transfer);
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

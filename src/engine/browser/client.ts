import type { Engine, EngineEvent, UpscaleOptions, UpscaleReport } from '../contract';
import type { Resume } from '../jobs/local-engine';
import type {
  Call,
  FromWorker,
  PageMethods,
  PlainOptions,
  Result,
  Served,
  ToWorker,
  WorkerLike,
  WorkerMethods,
} from './messages';
import { isMessage, serve } from './messages';
import { usualPatience, Watchdog, type Patience } from './watchdog';
import { secondsSince } from '../common/elapsed';
import { fromPlainError, LWayError, toPlainError } from '../common/errors';
import { unadapted } from '../jobs/never-worse';
import type { PixelSink, PixelSource } from '../raster/raster';
import type { LoadOrtFiles } from '../runtime/ort-files';
import type { Network } from '../network/registry';
import type { Brought } from '../upscaling/take-in';
import { usualTile } from '../upscaling/usual-tile';

export interface WorkerEngineOptions {
  /** Starts the engine's worker: from an address, or from a blob for pages that have no origin of their own. */
  createWorker: () => WorkerLike;
  /** Gets ONNX Runtime's files for the worker, which fetches nothing itself. */
  files: LoadOrtFiles;
  patience?: Partial<Patience>;
}

/** New workers that one job may cost. */
const mostRestarts = 3;

/**
 * {@link Engine} in a worker of its own. The page keeps picture and result; the worker asks for pixels and sends
 * finished pieces. A worker that crashed, hangs, or lost its device or its memory is replaced, and the job goes on
 * after the last finished piece. Jobs wait for each other; one that fails leaves the next unharmed.
 */
export class WorkerEngine implements Engine {
  private readonly patience: Patience;
  private worker: WorkerLike | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  private jobs = 0;
  private disposed = false;
  /** Takes what the worker says, while a job is in work. */
  private listener: ((message: FromWorker) => void) | null = null;
  private onCrash: ((reason: string) => void) | null = null;

  constructor(private readonly options: WorkerEngineOptions) {
    this.patience = { ...usualPatience, ...options.patience };
  }

  upscale(signal: AbortSignal, source: PixelSource, sink: PixelSink, options: UpscaleOptions): Promise<UpscaleReport> {
    return this.enqueue(signal, () => this.runUpscale(signal, source, sink, options));
  }

  /**
   * Makes a network of what the person brings and finds out how it wants its image ({@link takeIn}), in the worker.
   *
   * @throws LWayError `bad-model` with the reason
   */
  takeIn(signal: AbortSignal, brought: Brought): Promise<Network> {
    const outOfTurn = () => Promise.reject(new Error('the worker asked for something out of turn'));
    const page = { read: outOfTurn, begin: outOfTurn, write: outOfTurn, end: outOfTurn, files: this.options.files };
    return this.enqueue(signal, () => this.attempt(signal, { method: 'takeIn', given: brought }, page));
  }

  private enqueue<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const job = this.queue.then(() => {
      signal.throwIfAborted();
      if (this.disposed) throw new LWayError('unsupported', 'The engine has been closed.', 'Reload the page.');
      return work();
    });
    this.queue = job.catch(() => undefined);
    return job;
  }

  private async runUpscale(
    signal: AbortSignal,
    source: PixelSource,
    sink: PixelSink,
    { onEvent, adapt, ...rest }: UpscaleOptions,
  ): Promise<UpscaleReport> {
    const { enough, ...plainAdapt } = adapt ?? {};
    const options: PlainOptions = { ...rest, adapt: adapt && (plainAdapt as PlainOptions['adapt']) };
    const resume: Resume = { done: 0, begun: false };
    const started = performance.now();
    const notices: string[] = [];
    let redone = 0;
    let adapting = false;
    let adaptationsLost = 0;
    const say = (event: EngineEvent) => {
      if (event.type === 'notice') notices.push(event.message);
      if (event.type === 'phase') adapting = event.phase === 'adapting';
      if (event.type === 'device') resume.plannedFor ??= event.device;
      onEvent?.(event);
    };
    const page: Served<PageMethods> = {
      read: (rect) => source.read(signal, rect),
      begin: async (info) => {
        await sink.begin(signal, info);
        resume.begun = true;
      },
      write: async ({ x, y, piece }) => {
        await sink.write(signal, x, y, piece);
        resume.done++;
      },
      end: () => sink.end(signal),
      files: this.options.files,
    };
    let device = options.device;
    for (let restarts = 0; ; restarts++) {
      const given = { info: source.info, options: { ...options, device }, resume: { ...resume } };
      const listen = (message: FromWorker) => {
        if (message.type === 'event') say(message.event);
        else if (message.type === 'adapted') resume.adapted = message.adapted;
      };
      try {
        const report = await this.attempt(signal, { method: 'upscale', given }, page, listen, enough);
        return { ...report, notices, tilesRedone: report.tilesRedone + redone, seconds: secondsSince(started) };
      } catch (error) {
        signal.throwIfAborted();
        const lost = error instanceof WorkerLost;
        const { code, message } = toPlainError(error);
        if (!(lost || code === 'device-lost' || code === 'out-of-memory')) throw error;
        this.drop();
        if (restarts === mostRestarts) throw asLWay(error);
        redone++;
        if (adapting) {
          adapting = false;
          // The device it is that learning asks too much of: the second time, or where memory ran out, it does without.
          const givenUp = code === 'out-of-memory' || ++adaptationsLost === 2;
          if (givenUp) {
            const { report, notice } = unadapted(asLWay(error));
            resume.adapted = { report };
            say({ type: 'notice', message: notice });
          } else {
            say({ type: 'notice', message: `${message} Learning starts over.` });
          }
          continue;
        }
        // The first time the same again, in smaller parts where size was the trouble; then without the GPU, which is the
        // likeliest to be ill.
        const wasm = restarts > 0 && device !== 'wasm';
        if (wasm) device = 'wasm';
        const planned = options.tile ?? usualTile[resume.plannedFor ?? 'wasm'];
        if (lost || code === 'out-of-memory')
          resume.limit = wasm ? undefined : Math.floor((resume.limit ?? planned) / 2);
        const where = resume.done > 0 ? `after the ${resume.done} finished tiles` : 'from the beginning';
        say({ type: 'notice', message: `${message} It goes on ${where}${wasm ? ', on the CPU' : ''}.` });
      }
    }
  }

  /** One job in one worker. Rejects with {@link WorkerLost} where the worker is the trouble. */
  private attempt<M extends keyof WorkerMethods>(
    signal: AbortSignal,
    call: Extract<Call<WorkerMethods>, { method: M }>,
    page: Served<PageMethods>,
    listen: (message: FromWorker) => void = () => undefined,
    enough?: AbortSignal,
  ): Promise<Result<WorkerMethods, M>> {
    const job = ++this.jobs;
    return new Promise((resolve, reject) => {
      let worker: WorkerLike | null = null;
      let settled = false;
      /** What the page is doing for the worker: whether a piece counts as written is known when it is over. */
      let serving: Promise<void> = Promise.resolve();
      const settle = (act: () => void) => {
        settled = true;
        watchdog.stop();
        this.listener = this.onCrash = null;
        signal.removeEventListener('abort', onAbort);
        enough?.removeEventListener('abort', onEnough);
        if (signal.aborted) act();
        else
          void Promise.resolve()
            .then(() => serving)
            .then(act);
      };
      const fail = (error: unknown) => settle(() => reject(error));
      const watchdog = new Watchdog(this.patience, signal, () => {
        this.drop();
        fail(signal.aborted ? signal.reason : new WorkerLost('A tile took far longer than expected.'));
      });
      const send = (message: ToWorker) => {
        if (!settled) worker?.postMessage(message);
      };
      const onAbort = () => {
        send({ type: 'abort', job });
        watchdog.restart();
      };
      const onEnough = () => send({ type: 'enough', job });
      const answer = async (request: number, asked: Call<PageMethods>) => {
        watchdog.pause();
        try {
          const value = await serve(page, asked);
          send({ type: 'answer', job, request, value });
        } catch (error) {
          if (!signal.aborted) return void failAsked(error);
          send({ type: 'answer', job, request, error: toPlainError(error) });
        }
        watchdog.restart();
      };
      // The picture or the result is the trouble, not the worker, which is left in the middle of a job.
      const failAsked = (error: unknown) => {
        if (settled) return;
        this.drop();
        fail(error);
      };
      this.listener = (message) => {
        if (message.job !== job) return;
        if (message.type === 'done') return settle(() => resolve(message.result as Result<WorkerMethods, M>));
        if (message.type === 'failed')
          return fail(
            message.error.code === 'aborted' && signal.aborted ? signal.reason : fromPlainError(message.error),
          );
        if (message.type === 'request') {
          serving = answer(message.request, message.call);
          return;
        }
        if (message.type === 'event' && message.event.type === 'progress') watchdog.tileDone();
        listen(message);
        watchdog.restart();
      };
      this.onCrash = (reason) => {
        this.drop();
        fail(signal.aborted ? signal.reason : new WorkerLost(reason));
      };
      signal.addEventListener('abort', onAbort);
      enough?.addEventListener('abort', onEnough);
      try {
        worker = this.worker ??= this.startWorker();
        worker.postMessage({ type: 'start', job, call });
        if (enough?.aborted) onEnough();
        watchdog.restart();
      } catch (error) {
        this.drop();
        fail(error);
      }
    });
  }

  private startWorker(): WorkerLike {
    const worker = this.options.createWorker();
    worker.addEventListener('message', ({ data }) => {
      if (worker === this.worker && isMessage(data)) this.listener?.(data as FromWorker);
    });
    const crashed = ({ message }: { message?: string }) => {
      if (worker !== this.worker) return;
      const reason = message ? `The engine’s worker ended (${message}).` : 'The engine’s worker ended.';
      if (this.onCrash) this.onCrash(reason);
      else this.drop();
    };
    worker.addEventListener('error', crashed);
    worker.addEventListener('messageerror', crashed);
    return worker;
  }

  /** Ends the worker; the next job starts another. */
  private drop(): void {
    this.worker?.terminate();
    this.worker = null;
  }

  /** Waits for the job in work, refuses those to come and ends the worker. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await this.queue;
    this.drop();
  }
}

/** The worker crashed or fell silent: no fault of the picture's, so another may be tried. */
class WorkerLost extends Error {}

function asLWay(error: unknown): unknown {
  if (!(error instanceof WorkerLost)) return error;
  return new LWayError(
    'device-lost',
    `The engine stopped several times: ${error.message}`,
    'Close other programs that use the GPU or much memory, choose a smaller region, or reload the page.',
    { cause: error },
  );
}

import { LWayError } from '../common/errors';
import type { InferenceSession, Runtime, Tensor } from '../runtime/runtime';
import { GraphBuilder } from './graph-builder';
import type { Graph, ValueInfo } from './graph';
import { scheduleOf } from './optimizer';
import { packWeights, withWeights, type TrainingStep } from './training-step';
import { sizeOf } from './tensor';
import { writeGraph } from './write';

/** Losses by name: 'total', the terms, and after a step 'gradientNorm' (L2, before clipping). */
export type Losses = Readonly<Record<string, number>>;

/** Data inputs by name, row-major; sizes as the training step was made for. */
export type TrainingData = Readonly<Record<string, Float32Array>>;

export interface TrainingRunOptions {
  /** Losses are read from the device after every so many steps; 10 if left out. */
  readonly readEvery?: number;
}

/**
 * Nodes beyond which ONNX Runtime takes longer to improve a graph than a dozen steps gain by it: 26 s for the 33,000 of a
 * network of 16.7 million weights, whose steps are 9 % faster for it.
 */
const MOST_OPTIMISED = 20_000;

/**
 * A training step at work. Weights and moments stay on the device from step to step; old ones are released.
 * Calls do not overlap: await each before the next.
 */
export class TrainingRun {
  private weightsNow: Tensor;
  private momentsNow: Tensor[];
  private healthNow: Tensor;
  /** Steps since the moments were zero. */
  private stepsSinceReset = 0;
  private stepsDone = 0;
  private evaluation: InferenceSession | undefined;
  private busy = false;
  private disposed = false;

  private constructor(
    private readonly runtime: Runtime,
    readonly description: TrainingStep,
    private readonly session: InferenceSession,
    private readonly updating: InferenceSession | undefined,
    private readonly reader: InferenceSession | undefined,
    private readonly options: Required<TrainingRunOptions>,
  ) {
    this.weightsNow = this.vector(packWeights(description));
    this.momentsNow = this.zeroMoments();
    this.healthNow = this.vector(Float32Array.of(1));
  }

  /**
   * @param signal is looked at between the sessions that are made
   * @throws LWayError `bad-model`, `out-of-memory` or `device-lost` as the runtime says
   */
  static async create(
    signal: AbortSignal,
    runtime: Runtime,
    step: TrainingStep,
    { readEvery = 10 }: TrainingRunOptions = {},
  ): Promise<TrainingRun> {
    signal.throwIfAborted();
    const onGpu = runtime.device === 'webgpu';
    const options = { keepOnDevice: onGpu, training: true };
    const asItStands = step.graph.nodes.length > MOST_OPTIMISED;
    const session = await runtime.createSession(writeGraph(step.graph), { ...options, asItStands });
    let updating: InferenceSession | undefined;
    let reader: InferenceSession | undefined;
    try {
      signal.throwIfAborted();
      if (step.update !== undefined) updating = await runtime.createSession(writeGraph(step.update), options);
      signal.throwIfAborted();
      // In onnxruntime-node a GPU tensor's getData() ends the process: an Identity with its output in memory reads it.
      if (onGpu) reader = await runtime.createSession(writeGraph(identity()));
      signal.throwIfAborted();
      return new TrainingRun(runtime, step, session, updating, reader, { readEvery });
    } catch (error) {
      await session.release();
      await updating?.release();
      await reader?.release();
      throw error;
    }
  }

  /** Steps done in all. */
  get steps(): number {
    return this.stepsDone;
  }

  /**
   * One step.
   *
   * @param learningRate 0 or more
   * @param read whether losses are read after this step; by default every {@link TrainingRunOptions.readEvery} steps
   * @returns the losses at the weights before the step, where they are read
   * @throws LWayError `bad-output` where a loss or gradient was not finite: the weights stay as they were before that
   *   step; `bad-option` where data does not fit. Rejects with the signal's reason, at the latest when the step is done.
   */
  async step(
    signal: AbortSignal,
    data: TrainingData,
    learningRate: number,
    read = (this.stepsDone + 1) % this.options.readEvery === 0,
  ): Promise<Losses | undefined> {
    signal.throwIfAborted();
    if (!(learningRate >= 0 && learningRate < Infinity)) {
      throw new LWayError('bad-option', `The learning rate is ${learningRate}.`, 'Choose a number of 0 or more.');
    }
    return this.alone(async () => {
      const { moments, optimizer } = this.description;
      const schedule = scheduleOf(optimizer, this.stepsSinceReset + 1, learningRate);
      const feeds: Record<string, Tensor> = {
        weights: this.weightsNow,
        health: this.healthNow,
        schedule: this.vector(schedule),
      };
      moments.forEach((name, i) => (feeds[name] = this.momentsNow[i]!));
      const { results, losses } = await (this.updating === undefined
        ? this.whole(feeds, data)
        : this.inParts(signal, this.updating, feeds, data));
      release([this.weightsNow, this.healthNow, ...this.momentsNow]);
      this.weightsNow = results['next.weights']!;
      this.healthNow = results['next.health']!;
      this.momentsNow = moments.map((name) => results[`next.${name}`]!);
      this.stepsDone++;
      this.stepsSinceReset++;
      try {
        if (!read) return undefined;
        return await this.checkedLosses(losses);
      } finally {
        release(losses);
        signal.throwIfAborted();
      }
    });
  }

  private async whole(feeds: Record<string, Tensor>, data: TrainingData): Promise<Stepped> {
    const results = await run(this.session, { ...feeds, ...this.feedsOf(this.description.graph, data) });
    return { results, losses: [results['losses']!] };
  }

  /** Gradients of one part after the other, then the update by their mean. */
  private async inParts(
    signal: AbortSignal,
    updating: InferenceSession,
    feeds: Record<string, Tensor>,
    data: TrainingData,
  ): Promise<Stepped> {
    const { graph, parts, size } = this.description;
    const losses: Tensor[] = [];
    let sum = this.vector(new Float32Array(size));
    try {
      for (let part = 0; part < parts; part++) {
        signal.throwIfAborted();
        const { weights } = feeds as { weights: Tensor };
        const results = await run(this.session, { weights, sum, ...this.feedsOf(graph, data, part) });
        release([sum]);
        sum = results['next.sum']!;
        losses.push(results['losses']!);
      }
      const results = await run(updating, { ...feeds, sum });
      return { results, losses: [...losses, results['norm']!] };
    } catch (error) {
      release(losses);
      throw error;
    } finally {
      release([sum]);
    }
  }

  /**
   * The losses of other data at the present weights; nothing is learned from it.
   *
   * @param onShown gets what the loss wants to be seen, row-major
   * @throws LWayError `bad-option` where data does not fit. Rejects with the signal's reason.
   */
  async evaluate(signal: AbortSignal, data: TrainingData, onShown?: (values: Float32Array) => void): Promise<Losses> {
    signal.throwIfAborted();
    return this.alone(async () => {
      const { evaluation } = this.description;
      this.evaluation ??= await this.runtime.createSession(writeGraph(evaluation), { training: true });
      const all: Float32Array[] = [];
      for (let part = 0; part < this.description.parts; part++) {
        const feeds = { ...this.feedsOf(evaluation, data, part), weights: this.weightsNow };
        const { losses, shown } = await run(this.evaluation, feeds);
        signal.throwIfAborted();
        if (shown !== undefined && part === 0) onShown?.(shown.data as Float32Array);
        all.push(losses!.data as Float32Array);
      }
      return this.named(meanOf(all));
    });
  }

  /** A copy of the present weights [P], as the training step packs them. */
  async weights(): Promise<Float32Array> {
    return this.alone(async () => (await this.read(this.weightsNow)).slice());
  }

  /** Goes on from other weights, with moments at zero. */
  async restore(weights: Float32Array): Promise<void> {
    if (weights.length !== this.description.size) {
      throw new LWayError(
        'bad-option',
        `${weights.length} weights were given to a network that learns ${this.description.size}.`,
        'Use weights of the same network.',
      );
    }
    return this.alone(async () => {
      release([this.weightsNow, this.healthNow, ...this.momentsNow]);
      this.weightsNow = this.vector(weights.slice());
      this.healthNow = this.vector(Float32Array.of(1));
      this.momentsNow = this.zeroMoments();
      this.stepsSinceReset = 0;
    });
  }

  /**
   * The network as an ONNX file; its input sizes are open as they were.
   *
   * @param weights the present ones if left out
   * @param ports inputs and outputs to be declared, where they are not to be those of the network that learned
   */
  async exportNetwork(weights?: Float32Array, ports?: Pick<Graph, 'inputs' | 'outputs'>): Promise<Uint8Array> {
    const learned = withWeights(this.description, weights ?? (await this.weights()));
    const { inputs, outputs } = ports ?? learned;
    return writeGraph({ ...learned, inputs, outputs });
  }

  /** Frees what lies on the device; safe to call twice. */
  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    release([this.weightsNow, this.healthNow, ...this.momentsNow]);
    await this.session.release();
    await this.updating?.release();
    await this.reader?.release();
    await this.evaluation?.release();
  }

  private async checkedLosses(tensors: readonly Tensor[]): Promise<Losses> {
    const read: Float32Array[] = [];
    for (const tensor of tensors) read.push((await this.read(tensor)).slice());
    const values = read.length === 1 ? read[0]! : Float32Array.of(...meanOf(read.slice(0, -1)), read.at(-1)![0]!);
    if (values.every(Number.isFinite)) return this.named(values);
    throw new LWayError(
      'bad-output',
      `The adaptation diverged after ${this.stepsDone} steps: its loss is no longer a number.`,
      'Try a lower learning rate, or upscale without adaptation.',
    );
  }

  private named(values: Float32Array): Losses {
    return Object.fromEntries(Array.from(values, (value, i) => [this.description.losses[i]!, value]));
  }

  private feedsOf(graph: Graph, data: TrainingData, part = 0): Record<string, Tensor> {
    const { moments, parts } = this.description;
    const own = new Set(['weights', 'sum', 'schedule', 'health', ...moments]);
    const feeds: Record<string, Tensor> = {};
    for (const { name, shape } of graph.inputs) {
      if (own.has(name)) continue;
      const size = sizeOf(shape as readonly number[]);
      // What there is one of serves all parts.
      const divided = parts > 1 && data[name]?.length === parts * size;
      feeds[name] = this.dataTensor(
        name,
        shape,
        divided ? data[name]!.subarray(part * size, (part + 1) * size) : data[name],
      );
    }
    return feeds;
  }

  private dataTensor(name: string, shape: ValueInfo['shape'], values: Float32Array | undefined): Tensor {
    const dims = shape as readonly number[];
    if (values?.length !== sizeOf(dims)) {
      throw new LWayError(
        'bad-option',
        `The training data "${name}" has ${values?.length ?? 'no'} values instead of ${sizeOf(dims)}.`,
        'Report this: the adaptation prepares its data wrongly.',
      );
    }
    return new this.runtime.ort.Tensor('float32', values, dims);
  }

  private vector(values: Float32Array): Tensor {
    return new this.runtime.ort.Tensor('float32', values, [values.length]);
  }

  private zeroMoments(): Tensor[] {
    return this.description.moments.map(() => this.vector(new Float32Array(this.description.size)));
  }

  /** A tensor's values, wherever it lies. */
  private async read(tensor: Tensor): Promise<Float32Array> {
    if (this.reader === undefined || tensor.location === 'cpu') return tensor.data as Float32Array;
    const { y } = await run(this.reader, { x: tensor });
    return y!.data as Float32Array;
  }

  private async alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.disposed) throw new LWayError('internal', 'This adaptation has ended.', 'Start it again.');
    if (this.busy) throw new LWayError('busy', 'A step of the adaptation is still running.', 'Wait for it.');
    this.busy = true;
    try {
      return await work();
    } finally {
      this.busy = false;
    }
  }
}

/** What a step left: weights, moments and health, and the losses of its parts, the norm last where there are several. */
interface Stepped {
  readonly results: Record<string, Tensor>;
  readonly losses: readonly Tensor[];
}

function meanOf(all: readonly Float32Array[]): Float32Array {
  return all[0]!.map((_, i) => all.reduce((sum, values) => sum + values[i]!, 0) / all.length);
}

async function run(session: InferenceSession, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  return (await session.run(feeds)) as Record<string, Tensor>;
}

function release(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) if (tensor.location !== 'cpu') tensor.dispose();
}

function identity(): Graph {
  const b = new GraphBuilder('read');
  const graph = b.build({ y: b.input('x', [1]) });
  const open = (values: readonly ValueInfo[]): ValueInfo[] => values.map((value) => ({ ...value, shape: ['n'] }));
  return { ...graph, inputs: open(graph.inputs), outputs: open(graph.outputs) };
}

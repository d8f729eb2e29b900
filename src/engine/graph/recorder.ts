import { LWayError } from '../common/errors';
import type { Attributes, Graph, Node, ValueInfo } from './graph';
import type { Description, OpDefinition } from './op-definition';
import { float32, int64, sizeOf, type DataType, type Tensor } from './tensor';
import type { Operand, Operation, Value } from './value';

export interface ApplyOptions {
  /** Number of outputs; 1 if left out. */
  readonly outputs?: number;
  /** The node's name, for error messages. */
  readonly node?: string;
  /** Names for the outputs, used where they are still free. */
  readonly hints?: readonly string[];
}

/** Constants larger than this are left to ONNX Runtime's own folding, unless they come from values as large. */
const FOLDING_LIMIT = 1 << 12;
/** Indices and masks may be larger: what is read or written by them can be said more simply once they are known. */
const INDEX_LIMIT = 1 << 22;
/** Constants up to this many elements are compared, so that equal ones become one initialiser. */
const SHARING_LIMIT = 16;

/**
 * Records operations on values of fixed shape and writes them down as a graph.
 *
 * @typeParam B this same recorder with a method for each operation, as the definitions of operations want it
 */
export abstract class Recorder<B> {
  private readonly operations: Operation[] = [];
  private readonly producers = new Map<Value, Operation>();
  private readonly inputValues = new Map<string, Value>();
  private readonly weights = new Map<Value, Tensor>();
  private readonly constants = new Map<string, Value>();
  private readonly numbers = new Map<Value | undefined, number>();
  private readonly repeated = new Map<string, readonly Value[]>();

  protected abstract readonly builder: B;

  /** @param definitionOf what is known of an operation, if anything */
  constructor(
    private readonly name: string,
    private readonly definitionOf: (op: string) => OpDefinition<B> | undefined,
  ) {}

  /** An input of the graph. */
  input(name: string, shape: readonly number[], type: DataType = 'float32'): Value {
    if (this.inputValues.has(name)) throw new Error(`Two inputs are called "${name}".`);
    const value: Value = { type, shape, hint: name };
    this.inputValues.set(name, value);
    return value;
  }

  /** A constant; `name` is kept in the file where no other value has it. */
  constant(operand: Tensor | number | readonly number[], name?: string): Value {
    const tensor = typeof operand === 'number' || Array.isArray(operand) ? float32(operand) : (operand as Tensor);
    const { type, dims, data } = tensor;
    const make = (): Value => ({ type, shape: dims, constant: tensor, hint: name });
    if (name !== undefined || data.length > SHARING_LIMIT) return make();
    const key = `${type}[${dims.join()}]${Array.from(data as ArrayLike<number | bigint>, (x) => (Object.is(x, -0) ? '-0' : String(x))).join()}`;
    let value = this.constants.get(key);
    if (value === undefined) this.constants.set(key, (value = make()));
    return value;
  }

  /** An initialiser that is computed with rather than folded away, because its gradient is wanted. */
  weight(name: string, tensor: Tensor): Value {
    const value: Value = { type: tensor.type, shape: tensor.dims, hint: name };
    this.weights.set(value, tensor);
    return value;
  }

  /** An int64 vector, as axes and shapes are. */
  ints(values: readonly number[]): Value {
    return this.constant(int64(values));
  }

  value(operand: Operand): Value {
    return typeof operand === 'number' || 'dims' in operand ? this.constant(operand) : operand;
  }

  /**
   * Any operation of the default domain, with all its outputs. What depends on constants only is computed at once where
   * the op knows how; an operation that was recorded before gives the same values again.
   *
   * @throws LWayError `bad-graph` naming op and node, where the op is unknown or the inputs do not fit
   */
  apply(
    op: string,
    operands: readonly (Operand | undefined)[],
    attributes: Attributes = {},
    options: ApplyOptions = {},
  ): readonly Value[] {
    const inputs = operands.map((operand) => (operand === undefined ? undefined : this.value(operand)));
    while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
    const { outputs: count = 1, node = '', hints = [] } = options;
    const definition = this.definitionOf(op);
    const where = `${op}${node === '' ? '' : ` "${node}"`}`;
    if (definition === undefined) {
      throw new LWayError(
        'bad-graph',
        `The network uses the operation ${where}, which is not known here.`,
        'Choose a network made of common operations.',
      );
    }
    let descriptions: readonly Description[];
    try {
      if (definition.evaluateShapes !== undefined) {
        return [this.constant(definition.evaluateShapes(inputs, attributes))];
      }
      descriptions = definition.infer(inputs, attributes, count);
      for (const { shape } of descriptions) {
        if (!shape.every((dim) => Number.isInteger(dim) && dim >= 0)) {
          throw new Error(`the result would have the shape [${shape.join(', ')}]`);
        }
      }
    } catch (error) {
      if (error instanceof LWayError) throw error;
      const shapes = inputs.map((value) => (value === undefined ? 'nothing' : `[${value.shape.join(', ')}]`));
      throw new LWayError(
        'bad-graph',
        `The operation ${where} does not fit its inputs (${shapes.join(', ')}): ${(error as Error).message}.`,
        'Check that the network accepts pictures of this size.',
        { cause: error },
      );
    }
    const passed = definition.passes?.(inputs, attributes, descriptions);
    if (passed !== undefined) return [passed];
    if (definition.evaluate !== undefined && worthFolding(inputs, descriptions)) {
      const tensors = inputs.map((value) => value?.constant);
      return definition.evaluate(tensors, attributes, descriptions).map((tensor) => this.constant(tensor));
    }
    const expanded = definition.expand?.(this.builder, inputs, attributes);
    if (expanded !== undefined) return [expanded];
    const key = this.keyOf(op, inputs, attributes, count);
    const known = this.repeated.get(key);
    if (known !== undefined) return known;
    const outputs = descriptions.map(({ type, shape }, i): Value => ({ type, shape, hint: hints[i] }));
    const operation: Operation = { op, node, inputs, outputs, attributes };
    this.operations.push(operation);
    for (const output of outputs) this.producers.set(output, operation);
    this.repeated.set(key, outputs);
    return outputs;
  }

  /** The operation that makes a value; `undefined` for inputs and constants. */
  producerOf(value: Value): Operation | undefined {
    return this.producers.get(value);
  }

  /** Whether a value is an initialiser that {@link weight} made. */
  isWeight(value: Value): boolean {
    return this.weights.has(value);
  }

  /** All operations so far, in an order in which they can run. */
  get history(): readonly Operation[] {
    return this.operations;
  }

  /**
   * The graph that computes `outputs`, by name, from the inputs. What they do not need is left out; inputs all stay.
   */
  build(outputs: Readonly<Record<string, Value>>): Graph {
    const needed = this.neededFor(Object.values(outputs));

    const names = new Map<Value, string>();
    const taken = new Set<string>([...this.inputValues.keys(), ...Object.keys(outputs)]);
    for (const [name, value] of this.inputValues) names.set(value, name);
    const copies: Node[] = [];
    for (const [name, value] of Object.entries(outputs)) {
      if (this.producers.has(value) && !names.has(value)) names.set(value, name);
    }
    let counter = 0;
    const nameOf = (value: Value): string => {
      const known = names.get(value);
      if (known !== undefined) return known;
      let name = value.hint ?? '';
      while (name === '' || taken.has(name)) name = `v${counter++}`;
      taken.add(name);
      names.set(value, name);
      return name;
    };

    const initializers = new Map<string, Tensor>();
    const use = (value: Value): string => {
      const name = nameOf(value);
      const tensor = value.constant ?? this.weights.get(value);
      if (tensor !== undefined) initializers.set(name, tensor);
      return name;
    };
    const nodes: Node[] = [];
    for (const operation of this.operations) {
      if (!needed.has(operation)) continue;
      nodes.push({
        name: `${operation.op}_${nodes.length}`,
        op: operation.op,
        inputs: operation.inputs.map((value) => (value === undefined ? '' : use(value))),
        outputs: operation.outputs.map((value) => use(value)),
        attributes: operation.attributes,
      });
    }
    for (const [name, value] of Object.entries(outputs)) {
      const source = use(value);
      if (source === name) continue;
      copies.push({ name: `Identity_${name}`, op: 'Identity', inputs: [source], outputs: [name], attributes: {} });
    }
    const describe = (name: string, { type, shape }: Value): ValueInfo => ({ name, type, shape });
    return {
      name: this.name,
      inputs: [...this.inputValues].map(([name, value]) => describe(name, value)),
      outputs: Object.entries(outputs).map(([name, value]) => describe(name, value)),
      nodes: [...nodes, ...copies],
      initializers,
    };
  }

  /** Operations that `outputs` are computed by. */
  private neededFor(outputs: readonly Value[]): Set<Operation> {
    const needed = new Set<Operation>();
    const pending = [...outputs];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      const operation = this.producers.get(value);
      if (operation === undefined || needed.has(operation)) continue;
      needed.add(operation);
      for (const input of operation.inputs) if (input !== undefined) pending.push(input);
    }
    return needed;
  }

  /** Bytes of all values computed from `roots`: what would be needed to keep them for their gradients. */
  madeBytes(roots: readonly Value[]): number {
    const found = new Set(roots);
    let sum = 0;
    for (const { op, inputs, outputs } of this.operations) {
      if (!inputs.some((value) => value !== undefined && found.has(value))) continue;
      for (const value of outputs) {
        found.add(value);
        if (!SAME_MEMORY.has(op)) sum += bytesOf(value);
      }
    }
    return sum;
  }

  /** Bytes of the largest value that is computed for `outputs`. */
  largestBytes(outputs: readonly Value[]): number {
    let largest = 0;
    for (const { outputs: made } of this.neededFor(outputs))
      for (const value of made) largest = Math.max(largest, bytesOf(value));
    return largest;
  }

  /** Bytes of computed values that are alive at once, at most, where operations run in the order of their recording. */
  liveBytes(outputs: readonly Value[]): number {
    const needed = this.neededFor(outputs);
    const running = this.operations.filter((operation) => needed.has(operation));
    /** Values that are another one seen in another shape. */
    const root = new Map<Value, Value>();
    const rootOf = (value: Value): Value => root.get(value) ?? value;
    const lastUse = new Map<Value, number>();
    running.forEach((operation, at) => {
      if (SAME_MEMORY.has(operation.op)) root.set(operation.outputs[0]!, rootOf(operation.inputs[0]!));
      for (const input of operation.inputs) if (input !== undefined) lastUse.set(rootOf(input), at);
    });
    for (const value of outputs) lastUse.set(rootOf(value), Infinity);
    const dying = new Map<number, Value[]>();
    for (const [value, at] of lastUse) dying.set(at, [...(dying.get(at) ?? []), value]);
    let [live, most] = [0, 0];
    running.forEach(({ op, outputs: made }, at) => {
      if (!SAME_MEMORY.has(op)) for (const value of made) live += bytesOf(value);
      most = Math.max(most, live);
      for (const value of dying.get(at) ?? []) if (this.producers.has(value)) live -= bytesOf(value);
    });
    return most;
  }

  private keyOf(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes, count: number): string {
    const number = (value: Value | undefined): number => {
      let known = this.numbers.get(value);
      if (known === undefined) this.numbers.set(value, (known = this.numbers.size));
      return known;
    };
    return `${op}(${inputs.map(number).join()})${count}${JSON.stringify(attributes, (_, x: unknown) => (typeof x === 'bigint' ? String(x) : x))}`;
  }
}

/** Operations whose result lies where their input does. */
export const SAME_MEMORY: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity']);

export const bytesOf = ({ type, shape }: Value): number =>
  sizeOf(shape) * { float32: 4, int64: 8, int32: 4, bool: 1 }[type];

function worthFolding(inputs: readonly (Value | undefined)[], outputs: readonly Description[]): boolean {
  if (!inputs.every((value) => value === undefined || value.constant !== undefined)) return false;
  const before = inputs.reduce((sum, value) => sum + sizeOf(value?.shape ?? [0]), 0);
  const after = outputs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const limit = outputs.every(({ type }) => type !== 'float32') ? INDEX_LIMIT : FOLDING_LIMIT;
  return after <= Math.max(limit, 2 * before);
}

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as Type,
  TensorProtoSchema,
  type GraphProto,
  type NodeProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { LWayError } from '../common/errors';
import { toHalf } from '../common/half';
import { readNetworkFile } from './network-file';

/** Numbers for inputs besides the picture, by name: a noise level, a factor. */
export type InputValues = Readonly<Record<string, number>>;

export interface FitOptions {
  readonly values?: InputValues;
  /** White in the network's range: what a fourth channel is filled with. 1 if left out. */
  readonly white?: number;
  /** Pixels at each side that the network's answer lacks, before it is enlarged: the picture is continued by as many. */
  readonly border?: number;
}

export interface Fitted {
  readonly bytes: Uint8Array;
  /** What was done, in clauses for people; empty where the file is as it was. */
  readonly notes: readonly string[];
  /** Whether a fourth channel is filled with white. */
  readonly opacity: boolean;
}

/** Where red, green and blue meet in what the eye sees as brightness (BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * Makes a network into one with a single picture of three float channels in and out, by operations before and after it:
 * brightness alone (the colours are enlarged beside it), opacity that is always full, further inputs whose values are said,
 * whole numbers, a border that the answer lacks. Where nothing of it is needed the file passes unchanged.
 *
 * @throws LWayError `bad-model` where a value has to be said
 */
export function fitPorts(bytes: Uint8Array, options: FitOptions = {}): Fitted {
  const { inputs, outputs } = readNetworkFile(bytes);
  const picture = pictureAmong(inputs);
  if (picture === undefined) return { bytes, notes: [], opacity: false };
  const others = inputs.filter((each) => each !== picture);
  const channels = picture.shape?.[1];
  const last = picture.shape?.at(-1);
  const unusual = last !== 3 && (channels === 1 || channels === 4) ? channels : null;
  const halves = picture.type === 'FLOAT16' && unusual !== null;
  const whole = halves || picture.type === 'UINT8' || outputs.some(({ type }) => type === 'UINT8');
  const { border = 0 } = options;
  if (others.length === 0 && unusual === null && !whole && border === 0) return { bytes, notes: [], opacity: false };
  const notes: string[] = [];
  const fitting = new Fitting(bytes, picture.name, last === 3 && channels !== 3);
  for (const { name, type, shape } of others) notes.push(fitting.say(name, type, shape ?? [], options.values));
  if (whole) notes.push(fitting.asFloats());
  // Brightness alone is continued: colours beside the network lack no border.
  if (border > 0) notes.push(fitting.continued(border));
  if (unusual !== null) notes.push(unusual === 1 ? fitting.asBrightness() : fitting.withOpacity(options.white ?? 1));
  return { bytes: fitting.finish(), notes, opacity: unusual === 4 };
}

/** The input that can be a picture: of four axes, in colour where there is a choice. */
function pictureAmong(inputs: ReturnType<typeof readNetworkFile>['inputs']) {
  const four = inputs.filter(({ type, shape }) => /^(FLOAT|FLOAT16|UINT8)$/.test(type) && shape?.length === 4);
  return four.find(({ shape }) => shape![1] === 3 || shape![3] === 3) ?? four[0] ?? inputs[0];
}

type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

class Fitting {
  private readonly model;
  private readonly graph: GraphProto;
  private before: NodeProto[] = [];
  private after: NodeProto[] = [];
  private readonly opset: number;
  private readonly output: ValueInfoProto;
  private count = 0;

  constructor(
    bytes: Uint8Array,
    private readonly input: string,
    private readonly channelsLast: boolean,
  ) {
    // Read anew: what is kept of a file nobody may change.
    this.model = fromBinary(ModelProtoSchema, bytes);
    this.graph = this.model.graph!;
    this.opset = Number(
      this.model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 1,
    );
    this.output = this.graph.output.find((each) => shapeOf(each)?.length === 4) ?? this.graph.output[0]!;
  }

  /** Gives an input besides the picture its value, once and for all. */
  say(name: string, type: string, shape: readonly (number | string)[], values: InputValues = {}): string {
    const value = values[name];
    if (value === undefined) {
      throw new LWayError(
        'bad-model',
        `This network has an input "${name}" besides the picture.`,
        `Set it with --value ${name}=NUMBER (see the network's page for its values), or choose another network.`,
      );
    }
    this.graph.input = this.graph.input.filter((each) => each.name !== name);
    const code = Type[type as keyof typeof Type] as Type | undefined;
    const map = shape.length === 4 && shape.slice(2).some((dim) => typeof dim === 'string');
    if (!map) {
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
      const count = dims.reduce((product, dim) => product * dim, 1);
      this.graph.initializer.push(this.filled(name, new Array<number>(count).fill(value), dims, code));
      return `its input "${name}" is ${value}`;
    }
    // A map as large as the picture.
    const channels = typeof shape[1] === 'number' ? shape[1] : 1;
    const size = this.op('Shape', [this.input]);
    const place = (at: readonly number[]) => this.op('Gather', [size, this.ints(at)], { axis: 0 });
    const dims = this.op('Concat', [place([0]), this.ints([channels]), place([2, 3])], { axis: 0 });
    const one = this.constant([value], [1, 1, 1, 1], code);
    this.before.push(this.node('Expand', [one, dims], name));
    return `its input "${name}" is ${value} everywhere`;
  }

  /** Takes and gives single floats where the file has bytes or half floats. */
  asFloats(): string {
    const tensor = tensorOf(this.graph.input.find(({ name }) => name === this.input)!);
    const halves = tensor.elemType === Number(Type.FLOAT16);
    if (halves) {
      tensor.elemType = Type.FLOAT;
      const inside = this.behindInput();
      this.before.push(this.node('Cast', [this.input], inside, { to: Type.FLOAT16 }));
    } else if (tensor.elemType === Number(Type.UINT8)) {
      tensor.elemType = Type.FLOAT;
      const readers = this.graph.node.filter(({ input }) => input.includes(this.input));
      // Where the file makes floats of them at once they never have to be bytes.
      if (!readers.every(({ opType }) => opType === 'Cast')) {
        const inside = this.behindInput();
        const kept = this.op('Clip', [this.op('Round', [this.input]), this.number(0), this.number(255)]);
        this.before.push(this.node('Cast', [kept], inside, { to: Type.UINT8 }));
      }
    }
    const answer = tensorOf(this.output);
    if (answer.elemType !== Number(Type.FLOAT)) {
      answer.elemType = Type.FLOAT;
      const maker = this.graph.node.find(({ output }) => output.includes(this.output.name));
      // What rounds has no slope: an answer that is floats until the end is taken as such. Only Cast has that attribute.
      const end = maker?.attribute.find(({ name }) => name === 'to');
      if (end) end.i = BigInt(Type.FLOAT);
      else {
        const inside = this.beforeOutput();
        this.after.push(this.node('Cast', [inside], this.output.name, { to: Type.FLOAT }));
      }
    }
    return `its ${halves ? 'half floats' : 'whole numbers'} are floats here`;
  }

  /** A network for brightness: what a colour differs by from its brightness is enlarged beside it. */
  asBrightness(): string {
    if (this.opset < 11) {
      throw new LWayError(
        'bad-model',
        `This network takes brightness alone and is written in opset ${this.opset}.`,
        'Export it at opset 11 or later.',
      );
    }
    this.declareChannels(3);
    const [large, inside, small] = [this.beforeOutput(), this.behindInput(), this.input];
    const parts = LUMA.map((factor, i) =>
      this.op('Mul', [this.op('Gather', [small, this.ints([i])], { axis: 1 }), this.number(factor)]),
    );
    this.before.push(this.node('Add', [this.op('Add', [parts[0]!, parts[1]!]), parts[2]!], inside));
    const list = this.after;
    const colour = this.op('Sub', [small, inside], {}, list);
    const part = (of: string, at: readonly number[]) =>
      this.op('Gather', [this.op('Shape', [of], {}, list), this.ints(at)], { axis: 0 }, list);
    const size = this.op('Concat', [part(small, [0, 1]), part(large, [2, 3])], { axis: 0 }, list);
    // Inputs that do not count may be left out since opset 13.
    const none = this.opset < 13 ? this.constant([], [0]) : '';
    const enlarged = this.op('Resize', [colour, none, none, size], CUBIC, list);
    list.push(this.node('Add', [large, enlarged], this.output.name));
    return 'only brightness goes through the network; colours are enlarged separately';
  }

  /** A network with opacity as a fourth channel: always full, and dropped again. */
  withOpacity(white: number): string {
    this.declareChannels(3);
    const [large, inside] = [this.beforeOutput(), this.behindInput()];
    const nothing = this.op('Mul', [this.op('Gather', [this.input, this.ints([0])], { axis: 1 }), this.number(0)]);
    const full = this.op('Add', [nothing, this.number(white)]);
    this.before.push(this.node('Concat', [this.input, full], inside, { axis: 1 }));
    this.after.push(this.node('Gather', [large, this.ints([0, 1, 2])], this.output.name, { axis: 1 }));
    return 'its fourth channel is opacity, always full';
  }

  /** Continues the picture by its outermost pixels, so that the answer's border is not missing. */
  continued(border: number): string {
    const inside = this.behindInput();
    const one = this.channelsLast ? [0, border, border, 0] : [0, 0, border, border];
    const pads = [...one, ...one];
    this.before.push(
      this.opset < 11
        ? this.node('Pad', [this.input], inside, { mode: 'edge', pads })
        : this.node('Pad', [this.input, this.ints(pads)], inside, { mode: 'edge' }),
    );
    return `${border} pixels that it trims from each side are restored`;
  }

  finish(): Uint8Array {
    this.join();
    // Shapes of inner values were those of the file as it was.
    this.graph.valueInfo = [];
    return toBinary(ModelProtoSchema, this.model);
  }

  /** What was put before and after the network becomes a part of it. */
  private join(): void {
    const { graph } = this;
    graph.node = [...this.before, ...graph.node, ...this.after];
    [this.before, this.after] = [[], []];
  }

  /** A new name for the picture as all nodes of the file read it. */
  private behindInput(): string {
    const name = `picture.${this.count++}`;
    this.join();
    for (const node of this.graph.node) rename(node, this.input, name);
    return name;
  }

  /** A new name for the answer as the file gives it. */
  private beforeOutput(): string {
    const name = `answer.${this.count++}`;
    this.join();
    for (const node of this.graph.node) {
      rename(node, this.output.name, name);
      node.output = node.output.map((each) => (each === this.output.name ? name : each));
    }
    return name;
  }

  private declareChannels(count: number): void {
    for (const info of [this.graph.input.find(({ name }) => name === this.input)!, this.output]) {
      const dim = tensorOf(info).shape?.dim[1];
      if (dim) dim.value = { case: 'dimValue', value: BigInt(count) };
    }
  }

  private op(op: string, inputs: readonly string[], attributes: Attributes = {}, list = this.before): string {
    const output = `fit.${this.count++}`;
    list.push(this.node(op, inputs, output, attributes));
    return output;
  }

  private node(opType: string, input: readonly string[], output: string, attributes: Attributes = {}): NodeProto {
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (typeof value === 'string') {
        return create(AttributeProtoSchema, {
          name,
          type: Kind.STRING,
          s: new Uint8Array(new TextEncoder().encode(value)),
        });
      }
      return typeof value === 'number'
        ? create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(value) })
        : create(AttributeProtoSchema, { name, type: Kind.INTS, ints: value.map(BigInt) });
    });
    return create(NodeProtoSchema, {
      name: `fit_${this.count++}`,
      opType,
      input: [...input],
      output: [output],
      attribute,
    });
  }

  /** Constants are nodes: what is an initializer may learn. */
  private constant(values: readonly number[], dims: readonly number[], type: Type = Type.FLOAT): string {
    const output = `fit.${this.count++}`;
    const node = this.node('Constant', [], output);
    const t = this.filled('', values, dims, type);
    node.attribute.push(create(AttributeProtoSchema, { name: 'value', type: Kind.TENSOR, t }));
    this.before.push(node);
    return output;
  }

  private number(value: number): string {
    return this.constant([value], []);
  }

  private ints(values: readonly number[]): string {
    return this.constant(values, [values.length], Type.INT64);
  }

  private filled(name: string, values: readonly number[], dims: readonly number[], dataType: Type = Type.FLOAT) {
    const data =
      dataType === Type.INT64
        ? { int64Data: values.map((value) => BigInt(Math.round(value))) }
        : dataType === Type.INT32
          ? { int32Data: values.map(Math.round) }
          : dataType === Type.FLOAT16
            ? { int32Data: values.map(toHalf) }
            : dataType === Type.DOUBLE
              ? { doubleData: [...values] }
              : { floatData: [...values] };
    return create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), ...data });
  }
}

const CUBIC = { mode: 'cubic', coordinate_transformation_mode: 'half_pixel' } as const;

function rename(node: NodeProto, from: string, to: string): void {
  node.input = node.input.map((each) => (each === from ? to : each));
  for (const { g } of node.attribute) {
    for (const inner of g?.node ?? []) rename(inner, from, to);
  }
}

function tensorOf({ name, type }: ValueInfoProto) {
  if (type?.value.case === 'tensorType') return type.value.value;
  throw new LWayError('bad-model', `"${name}" of this network is not a tensor.`, 'Choose another network.');
}

const shapeOf = ({ type }: ValueInfoProto) =>
  type?.value.case === 'tensorType' ? type.value.value.shape?.dim : undefined;

import { INPUT, type NetworkBuilder } from '../network-builder';
import { refuse, sizeOf, type Weight } from '../weights';
import type { Bin } from './bin';
import type { Layer, Settings } from './param';

/** A value while the network is written down, and how many channels it has. */
export interface Blob {
  readonly value: string;
  readonly channels: number;
  /** It has no width and height: what a pooling over everything gives. */
  readonly flat?: boolean;
}

/** What a layer needs to be written down. */
export interface Place {
  readonly s: NetworkBuilder;
  readonly bin: Bin;
  readonly layer: Layer;
  readonly settings: Settings;
  readonly inputs: readonly Blob[];
  /** Of the picture. */
  readonly channelsIn: number;
}

type Write = (place: Place) => readonly Blob[];

const SAME_UPPER = -233;
/** A setting that says: from a second input. */
const FROM_INPUT = -233;

const unknown = ({ layer }: Place, what: string) =>
  refuse(
    `The layer ${layer.type} "${layer.name}" of this ncnn network ${what}, which cannot be read yet.`,
    'Get this network as an .onnx, .pth or .safetensors file.',
  );

/** Of the first input: same channels, another value. */
const like = ({ inputs }: Place, value: string): readonly Blob[] => [{ ...inputs[0]!, value }];

/** The activation that is part of a layer: kind and its numbers. */
function activated(place: Place, value: string, kindKey: number, numbersKey: number): string {
  const { s, settings } = place;
  const [a = 0, b = 0] = settings.floats(numbersKey);
  switch (settings.int(kindKey, 0)) {
    case 0:
      return value;
    case 1:
      return s.op('Relu', [value]);
    case 2:
      return s.leakyRelu(value, a);
    case 3:
      return s.op('Clip', [value, s.number(a), s.number(b)]);
    case 4:
      return s.op('Sigmoid', [value]);
    case 5:
      return s.op('Mish', [value]);
    case 6:
      return s.op('HardSigmoid', [value], { alpha: a, beta: b });
    default:
      throw unknown(place, 'has an unusual activation');
  }
}

interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly number[];
}

/** Kernel, steps and borders, height first; ncnn writes the width, and the height only where it differs. */
function windowOf(place: Place): Window {
  const { settings } = place;
  const pair = (width: number, y: number): [number, number] => [settings.int(y, width), width];
  const left = settings.int(4, 0);
  const top = settings.int(14, left);
  const kernel = pair(settings.count(1), 11);
  const dilations = pair(settings.int(2, 1), 12);
  const strides = pair(settings.int(3, 1), 13);
  if (left === SAME_UPPER && strides[0] === 1 && strides[1] === 1) {
    const all = kernel.map((size, i) => (size - 1) * dilations[i]!);
    return { kernel, strides, dilations, pads: [...all.map((a) => a >> 1), ...all.map((a) => a - (a >> 1))] };
  }
  if (left < 0) throw unknown(place, 'is padded in an unusual way');
  return { kernel, strides, dilations, pads: [top, left, settings.int(16, top), settings.int(15, left)] };
}

/** Weights, then a bias where there is one, kept under the layer's name. */
function weighted({ s, bin, layer, settings }: Place, dims: readonly number[], turn?: (weight: Weight) => Weight) {
  const weight = { dims, data: bin.marked(sizeOf(dims)) };
  const names = [s.keep(`${layer.name}.weight`, turn?.(weight) ?? weight)];
  const outputs = settings.count(0);
  if (settings.int(5, 0) === 1) names.push(s.keep(`${layer.name}.bias`, { dims: [outputs], data: bin.plain(outputs) }));
  return names;
}

function convolution(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const outputs = settings.count(0);
  const window = windowOf(place);
  const group = settings.int(7, 1);
  const { channels, value } = inputs[0]!;
  if (settings.float(18, 0) !== 0 || settings.int(19, 0) !== 0) throw unknown(place, 'has weights of another kind');
  const [weight, bias] = weighted(place, [outputs, channels / group, ...window.kernel]);
  const y = s.convWith(value, weight!, bias, window.kernel, { ...window, group });
  return [{ value: activated(place, y, 9, 10), channels: outputs }];
}

function deconvolution(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const outputs = settings.count(0);
  const { kernel, strides, dilations, pads } = windowOf(place);
  const { channels, value } = inputs[0]!;
  if (settings.int(7, 1) !== 1 || settings.int(18, 0) !== 0 || settings.int(20, 0) !== 0) {
    throw unknown(place, 'enlarges in an unusual way');
  }
  // ncnn keeps [outputs, inputs, …], ONNX wants [inputs, outputs, …].
  const area = sizeOf(kernel);
  const turned = ({ data }: Weight): Weight => {
    const result = new Float32Array(data.length);
    for (let o = 0; o < outputs; o++) {
      for (let i = 0; i < channels; i++) {
        const from = (o * channels + i) * area;
        result.set(data.subarray(from, from + area), (i * outputs + o) * area);
      }
    }
    return { dims: [channels, outputs, ...kernel], data: result };
  };
  const names = weighted(place, [outputs, channels, ...kernel], turned);
  const y = s.op('ConvTranspose', [value, ...names], { kernel_shape: kernel, strides, dilations, pads, group: 1 });
  return [{ value: activated(place, y, 9, 10), channels: outputs }];
}

/** A matrix product over what a pooling over everything gave: there it is a 1×1 convolution. */
function innerProduct(place: Place): readonly Blob[] {
  const { s, bin, layer, settings, inputs } = place;
  const { value, channels, flat } = inputs[0]!;
  const outputs = settings.count(0);
  if (flat !== true || settings.count(2) !== outputs * channels) throw unknown(place, 'stands in an unusual place');
  const weight = s.keep(`${layer.name}.weight`, {
    dims: [outputs, channels, 1, 1],
    data: bin.marked(outputs * channels),
  });
  const bias =
    settings.int(1, 0) === 1 ? s.keep(`${layer.name}.bias`, { dims: [outputs], data: bin.plain(outputs) }) : undefined;
  const y = s.convWith(value, weight, bias, [1, 1]);
  return [{ value: activated(place, y, 9, 10), channels: outputs, flat }];
}

function scale(place: Place): readonly Blob[] {
  const { s, bin, layer, settings, inputs } = place;
  const [x, factor] = inputs;
  if (settings.ints(0)[0] === FROM_INPUT) return like(place, s.op('Mul', [x!.value, factor!.value]));
  const size = settings.count(0);
  const perChannel = (name: string) => s.keep(`${layer.name}.${name}`, { dims: [size, 1, 1], data: bin.plain(size) });
  let y = s.op('Mul', [x!.value, perChannel('weight')]);
  if (settings.int(1, 0) === 1) y = s.op('Add', [y, perChannel('bias')]);
  return like(place, y);
}

function interp(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const [height, width] = [settings.float(1, 1), settings.float(2, 1)];
  const sized = settings.int(3, 0) !== 0 || settings.int(4, 0) !== 0 || inputs.length > 1;
  if (sized) throw unknown(place, 'resizes to sizes instead of by factors');
  const corners = settings.int(6, 0) === 1;
  const scales = s.floats([1, 1, height, width]);
  const kind = settings.int(0, 0);
  switch (kind) {
    case 1:
      return like(
        place,
        s.op('Resize', [inputs[0]!.value, '', scales], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      );
    case 2:
    case 3:
      return like(
        place,
        s.op('Resize', [inputs[0]!.value, '', scales], {
          mode: kind === 2 ? 'linear' : 'cubic',
          coordinate_transformation_mode: corners ? 'align_corners' : 'half_pixel',
        }),
      );
    default:
      throw unknown(place, 'resizes in an unusual way');
  }
}

const BINARY = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow'];

function binary(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const kind = settings.int(0, 0);
  const [a, b] = inputs;
  const other = b === undefined ? s.number(settings.float(2, 0)) : b.value;
  const channels = Math.max(...inputs.map((each) => each.channels));
  const blob = (op: string, operands: readonly string[]): readonly Blob[] => [
    { value: s.op(op, operands), channels, flat: a!.flat === true && (b === undefined || b.flat === true) },
  ];
  if (kind < BINARY.length) return blob(BINARY[kind]!, [a!.value, other]);
  if (kind === 7) return blob('Sub', [other, a!.value]);
  if (kind === 8) return blob('Div', [other, a!.value]);
  throw unknown(place, 'computes in an unusual way');
}

function eltwise(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const op = ['Mul', 'Add', 'Max'][settings.int(0, 0)];
  if (op === undefined) throw unknown(place, 'computes in an unusual way');
  const factors = op === 'Add' ? settings.floats(1) : [];
  const terms = inputs.map(({ value }, i) => {
    const factor = factors[i] ?? 1;
    return factor === 1 ? value : s.op('Mul', [value, s.number(factor)]);
  });
  return like(
    place,
    terms.reduce((sum, term) => s.op(op, [sum, term])),
  );
}

const UNARY = [
  'Abs',
  'Neg',
  'Floor',
  'Ceil',
  '',
  'Sqrt',
  '',
  'Exp',
  'Log',
  'Sin',
  'Cos',
  'Tan',
  '',
  '',
  '',
  'Reciprocal',
  'Tanh',
];

function unary(place: Place): readonly Blob[] {
  const op = UNARY[place.settings.int(0, 0)] ?? '';
  if (op === '') throw unknown(place, 'computes in an unusual way');
  return like(place, place.s.op(op, [place.inputs[0]!.value]));
}

function pooling(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  if (settings.int(4, 0) !== 1) throw unknown(place, 'pools in an unusual way');
  const op = settings.int(0, 0) === 0 ? 'GlobalMaxPool' : 'GlobalAveragePool';
  return [{ value: s.op(op, [inputs[0]!.value]), channels: inputs[0]!.channels, flat: true }];
}

/** From an offset, as much as the second input is large; or between starts and ends along axes (channel, height, width). */
function crop(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const [x, reference] = inputs;
  const [left, top] = [settings.int(0, 0), settings.int(1, 0)];
  if (reference !== undefined && settings.int(2, 0) === 0 && !settings.has(9)) {
    const size = s.op('Slice', [s.op('Shape', [reference.value]), s.ints([2]), s.ints([4]), s.ints([0])]);
    const ends = s.op('Add', [size, s.ints([top, left])]);
    return like(place, s.op('Slice', [x!.value, s.ints([top, left]), ends, s.ints([2, 3])]));
  }
  const [starts, ends] = [settings.ints(9), settings.ints(10)];
  // Counted from the channels, or from the end.
  const axes = (settings.has(11) ? settings.ints(11) : starts.map((_, i) => i)).map((axis) =>
    axis < 0 ? axis + 3 : axis,
  );
  if (starts.length === 0 || ends.length !== starts.length || axes.some((axis) => axis < 1 || axis > 2)) {
    throw unknown(place, 'crops in an unusual way');
  }
  const places = axes.map((axis) => axis + 1);
  return like(place, s.op('Slice', [x!.value, s.ints(starts), s.ints(ends), s.ints(places)]));
}

function padding(place: Place): readonly Blob[] {
  const { s, settings, inputs } = place;
  const [top, bottom, left, right] = [0, 1, 2, 3].map((key) => settings.int(key, 0)) as [
    number,
    number,
    number,
    number,
  ];
  const mode = ['constant', 'edge', 'reflect'][settings.int(4, 0)];
  if (mode === undefined || settings.int(7, 0) !== 0 || settings.int(8, 0) !== 0)
    throw unknown(place, 'pads in an unusual way');
  const pads = s.ints([0, 0, top, left, 0, 0, bottom, right]);
  const value = mode === 'constant' ? [s.number(settings.float(5, 0))] : [];
  return like(place, s.op('Pad', [inputs[0]!.value, pads, ...value], { mode }));
}

function slice(place: Place): readonly Blob[] {
  const { s, layer, settings, inputs } = place;
  const { value, channels } = inputs[0]!;
  const count = layer.outputs.length;
  if (settings.int(1, 0) !== 0) throw unknown(place, 'cuts along another axis than the channels');
  const sizes: number[] = [];
  let left = channels;
  for (let i = 0; i < count; i++) {
    const given = settings.ints(0)[i] ?? FROM_INPUT;
    const size = given === FROM_INPUT ? Math.floor(left / (count - i)) : given;
    sizes.push(size);
    left -= size;
  }
  if (left !== 0) throw unknown(place, 'does not cut up all channels');
  const parts = s.several('Split', [value, s.ints(sizes)], count, { axis: 1 });
  return parts.map((part, i) => ({ value: part, channels: sizes[i]! }));
}

/** Values that are part of the network: a mean colour, most often. */
function memoryData(place: Place): readonly Blob[] {
  const { s, bin, layer, settings } = place;
  const [width, height, depth, count] = [0, 1, 11, 2].map((key) => settings.int(key, 0)) as [
    number,
    number,
    number,
    number,
  ];
  // Of two or four axes ncnn takes the channels to be others than of three.
  if (depth !== 0 || (count === 0 && height !== 0)) throw unknown(place, 'has values of an unusual shape');
  const dims = count > 0 ? [count, height, width] : [Math.max(1, width), 1, 1];
  const size = sizeOf(dims);
  const data = settings.int(21, 1) === 0 ? bin.marked(size) : bin.plain(size);
  return [{ value: s.keep(layer.name, { dims, data }), channels: dims[0]! }];
}

const simple =
  (op: string, attributes: Readonly<Record<string, number>> = {}): Write =>
  (place) =>
    like(place, place.s.op(op, [place.inputs[0]!.value], attributes));

/** How each layer is written down, by ncnn's name for it. */
export const layers: Readonly<Record<string, Write>> = {
  Input: ({ channelsIn }) => [{ value: INPUT, channels: channelsIn }],
  Split: ({ inputs, layer }) => layer.outputs.map(() => inputs[0]!),
  Noop: ({ inputs }) => inputs,
  MemoryData: memoryData,
  Dropout: ({ inputs }) => [inputs[0]!],
  Convolution: convolution,
  ConvolutionDepthWise: convolution,
  Deconvolution: deconvolution,
  InnerProduct: innerProduct,
  Scale: scale,
  PReLU: (place) => {
    const { s, bin, layer, settings, inputs } = place;
    const size = settings.count(0);
    const slope = s.keep(`${layer.name}.weight`, { dims: [size, 1, 1], data: bin.plain(size) });
    return like(place, s.op('PRelu', [inputs[0]!.value, slope]));
  },
  ReLU: (place) => {
    const slope = place.settings.float(0, 0);
    const x = place.inputs[0]!.value;
    return like(place, slope === 0 ? place.s.op('Relu', [x]) : place.s.leakyRelu(x, slope));
  },
  Clip: (place) => {
    const { s, settings, inputs } = place;
    return like(
      place,
      s.op('Clip', [inputs[0]!.value, s.number(settings.float(0, -1e38)), s.number(settings.float(1, 1e38))]),
    );
  },
  Sigmoid: simple('Sigmoid'),
  TanH: simple('Tanh'),
  Mish: simple('Mish'),
  GELU: simple('Gelu'),
  Swish: (place) => {
    const x = place.inputs[0]!.value;
    return like(place, place.s.op('Mul', [x, place.s.op('Sigmoid', [x])]));
  },
  HardSigmoid: (place) =>
    like(
      place,
      place.s.op('HardSigmoid', [place.inputs[0]!.value], {
        alpha: place.settings.float(0, 0.2),
        beta: place.settings.float(1, 0.5),
      }),
    ),
  PixelShuffle: ({ s, settings, inputs }) => {
    const [factor, mode] = [settings.count(0), settings.int(1, 0) === 0 ? 'CRD' : 'DCR'];
    const { value, channels } = inputs[0]!;
    return [{ value: s.op('DepthToSpace', [value], { blocksize: factor, mode }), channels: channels / factor ** 2 }];
  },
  Concat: (place) => {
    const { s, settings, inputs } = place;
    if (settings.int(0, 0) !== 0) throw unknown(place, 'joins along another axis than the channels');
    const channels = inputs.reduce((sum, each) => sum + each.channels, 0);
    return [
      {
        value: s.op(
          'Concat',
          inputs.map(({ value }) => value),
          { axis: 1 },
        ),
        channels,
      },
    ];
  },
  Interp: interp,
  BinaryOp: binary,
  Eltwise: eltwise,
  UnaryOp: unary,
  Pooling: pooling,
  Crop: crop,
  Padding: padding,
  Slice: slice,
};

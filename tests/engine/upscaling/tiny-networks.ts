import { create, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, ModelProtoSchema, TensorProto_DataType } from 'onnx-buf';
import { sha256 } from '../../../src/engine/network/load-network';
import type { Network, NetworkEntry } from '../../../src/engine/network/registry';
import { randomNumbers } from '../raster/support';

// Networks small enough to be written down here, real enough for ONNX Runtime.

type Dim = number | string;
type Type = 'FLOAT' | 'FLOAT16' | 'INT8' | 'UINT8';

/** Collects nodes and weights of one ONNX file; values are known by their names. */
class Writer {
  private readonly nodes: object[] = [];
  private readonly weights: object[] = [];
  private count = 0;

  weight(values: readonly number[], dims: readonly number[]): string {
    const name = `w${this.count++}`;
    const rawData = new Uint8Array(Float32Array.from(values).buffer);
    this.weights.push({ name, dataType: TensorProto_DataType.FLOAT, dims: dims.map(BigInt), rawData });
    return name;
  }

  whole(values: readonly number[]): string {
    const name = `w${this.count++}`;
    const int64Data = values.map(BigInt);
    this.weights.push({ name, dataType: TensorProto_DataType.INT64, dims: [BigInt(values.length)], int64Data });
    return name;
  }

  op(
    opType: string,
    input: readonly string[],
    attributes: Record<string, number | string | number[]> = {},
    output?: string,
  ): string {
    const name = output ?? `v${this.count++}`;
    const attribute = Object.entries(attributes).map(([key, value]) =>
      typeof value === 'string'
        ? { name: key, type: AttributeProto_AttributeType.STRING, s: new TextEncoder().encode(value) }
        : Array.isArray(value)
          ? { name: key, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) }
          : { name: key, type: AttributeProto_AttributeType.INT, i: BigInt(value) },
    );
    this.nodes.push({ opType, input, output: [name], attribute });
    return name;
  }

  file(
    input: { name: string; type: Type; shape: readonly Dim[] },
    output: { name: string; type: Type; shape: readonly Dim[] },
    more: readonly { name: string; type: Type; shape: readonly Dim[] }[] = [],
  ) {
    const port = ({ name, type, shape }: typeof input) => ({
      name,
      type: {
        value: {
          case: 'tensorType' as const,
          value: {
            elemType: TensorProto_DataType[type],
            shape: {
              dim: shape.map((dim) => ({
                value:
                  typeof dim === 'number'
                    ? { case: 'dimValue' as const, value: BigInt(dim) }
                    : { case: 'dimParam' as const, value: dim },
              })),
            },
          },
        },
      },
    });
    const model = create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'tiny',
        input: [port(input), ...more.map(port)],
        output: [
          ...((this.nodes.at(-1) as { output: string[] }).output[0] === 'first'
            ? [port({ ...output, name: 'first' })]
            : []),
          port(output),
        ],
        node: this.nodes,
        initializer: this.weights,
      },
    } as Parameters<typeof create<typeof ModelProtoSchema>>[1]);
    return toBinary(ModelProtoSchema, model);
  }
}

export interface TinyOptions {
  layout?: 'NCHW' | 'NHWC';
  channels?: 'RGB' | 'BGR';
  white?: 1 | 255;
  type?: Type;
  size?: { width: number; height: number };
  scale?: number;
  /** What becomes of the picture: enlarged well, or one of the faults and peculiarities to be found out. */
  kind?:
    | 'good'
    | 'nan'
    | 'black'
    | 'bright'
    | 'global'
    | 'blur'
    | 'denoiser'
    | 'multiple-of-4'
    | 'multiple-of-8'
    | 'area-of-1024'
    | 'unlike'
    | 'softsign'
    | 'unknown'
    | 'one-by-one'
    | 'two-outputs';
  /** Ports that have to be fitted: the same network behind them. */
  ports?: 'brightness' | 'opacity' | 'level' | 'map' | 'border';
}

/** Radius in LR pixels: two 3×3 convolutions. */
export const tinyRadius = 2;

const multipleOf = ({ kind }: TinyOptions): number => Number(/^multiple-of-(\d+)$/.exec(kind ?? '')?.[1] ?? 1);

/**
 * ×`scale`: nearest neighbour plus what two small 3×3 convolutions add to it, and a taste for colours that tells RGB
 * from BGR: where red exceeds blue by far, which the skies and skins of photographs do not, it adds an error.
 */
export function tinyNetwork(options: TinyOptions = {}): Uint8Array {
  const {
    layout = 'NCHW',
    channels = 'RGB',
    white = 1,
    type = 'FLOAT',
    size,
    scale = 2,
    kind = 'good',
    ports,
  } = options;
  const w = new Writer();
  const random = randomNumbers(7);
  const weights = (count: number, spread: number) => Array.from({ length: count }, () => (random() - 0.5) * spread);
  let x = 'image';
  if (type !== 'FLOAT') x = w.op('Cast', [x], { to: TensorProto_DataType.FLOAT });
  if (layout === 'NHWC') x = w.op('Transpose', [x], { perm: [0, 3, 1, 2] });
  if (channels === 'BGR') x = w.op('Gather', [x, w.whole([2, 1, 0])], { axis: 1 });
  if (ports === 'opacity') {
    // Where it is not full the colours go.
    const opacity = w.op('Div', [w.op('Gather', [x, w.whole([3])], { axis: 1 }), w.weight([white], [])]);
    x = w.op('Mul', [w.op('Gather', [x, w.whole([0, 1, 2])], { axis: 1 }), opacity]);
  }
  if (ports === 'brightness') x = w.op('Concat', [x, x, x], { axis: 1 });
  // Right at a level of a quarter only.
  if (ports === 'level' || ports === 'map') x = w.op('Mul', [x, w.op('Mul', ['level', w.weight([4], [])])]);
  if (white !== 1) x = w.op('Div', [x, w.weight([white], [])]);
  if (kind !== 'blur' && kind !== 'denoiser') x = w.op('Clip', [x, w.weight([0], []), w.weight([1], [])]);
  const blocksize = multipleOf({ kind });
  if (blocksize > 1) x = w.op('DepthToSpace', [w.op('SpaceToDepth', [x], { blocksize })], { blocksize });
  if (kind === 'area-of-1024') x = w.op('Reshape', [w.op('Reshape', [x, w.whole([-1, 3072])]), w.op('Shape', [x])]);
  const repeated = w.op('Resize', [x, '', w.weight([1, 1, scale, scale], [4])], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  const conv = (from: string, input: number, output: number, spread: number) =>
    w.op(
      'Conv',
      [
        from,
        w.weight(weights(output * input * 9, spread), [output, input, 3, 3]),
        w.weight(weights(output, 0.02), [output]),
      ],
      {
        pads: [1, 1, 1, 1],
      },
    );
  if (kind === 'one-by-one') {
    // As an attention does whose exporter knew one picture: a second would be taken for more of the first.
    const rows = w.op('Reshape', [x, w.whole([1, 3, -1])]);
    const scores = w.op('Softmax', [w.op('MatMul', [rows, w.op('Transpose', [rows], { perm: [0, 2, 1] })])], {
      axis: 2,
    });
    x = w.op('Reshape', [w.op('MatMul', [scores, rows]), w.op('Shape', [x])]);
  }
  const detail = conv(
    kind === 'unknown'
      ? w.op('LpPool', [conv(x, 3, 8, 0.5)], { kernel_shape: [1, 1] })
      : w.op(kind === 'softsign' ? 'Softsign' : 'Relu', [conv(x, 3, 8, 0.5)]),
    8,
    3 * scale * scale,
    0.02,
  );
  let y = w.op('Add', [repeated, scale === 1 ? detail : w.op('DepthToSpace', [detail], { blocksize: scale })]);
  const [red, blue] = [
    w.op('Gather', [repeated, w.whole([0])], { axis: 1 }),
    w.op('Gather', [repeated, w.whole([2])], { axis: 1 }),
  ];
  const excess = w.op('Sub', [w.op('Sub', [red, blue]), w.weight([0.32], [])]);
  y = w.op('Add', [y, w.op('Clip', [excess, w.weight([0], []), w.weight([0.1], [])])]);
  if (kind === 'blur')
    y = w.op('AveragePool', [repeated], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] });
  if (kind === 'denoiser') {
    // Takes away what is fine and faint.
    const mean = w.op('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    const fine = w.op('Clip', [w.op('Sub', [x, mean]), w.weight([-0.1], []), w.weight([0.1], [])]);
    y = w.op('Sub', [x, fine]);
  }
  if (kind === 'nan') y = w.op('Log', [w.op('Sub', [y, w.weight([5], [])])]);
  if (kind === 'black') y = w.op('Mul', [y, w.weight([0], [])]);
  if (kind === 'bright') y = w.op('Add', [y, w.weight([0.6], [])]);
  if (kind === 'unlike') y = w.op('Sub', [w.weight([1], []), y]);
  if (kind === 'global') y = w.op('Add', [y, w.op('Mul', [w.op('GlobalAveragePool', [x]), w.weight([0.02], [])])]);
  if (white !== 1) y = w.op('Mul', [y, w.weight([white], [])]);
  if (ports === 'border') {
    const lost = [0, 0, -2 * scale, -2 * scale];
    y = w.op('Pad', [y, w.whole([...lost, ...lost])]);
  }
  if (ports === 'brightness') y = w.op('Gather', [y, w.whole([0])], { axis: 1 });
  if (ports === 'opacity') y = w.op('Concat', [y, w.op('Gather', [y, w.whole([0])], { axis: 1 })], { axis: 1 });
  if (channels === 'BGR') y = w.op('Gather', [y, w.whole([2, 1, 0])], { axis: 1 });
  if (layout === 'NHWC') y = w.op('Transpose', [y], { perm: [0, 2, 3, 1] });
  const back = type === 'FLOAT16' || type === 'UINT8' ? type : 'FLOAT';
  if (back !== 'FLOAT') w.op('Cast', [y], { to: TensorProto_DataType[back] }, 'enlarged');
  else w.op('Identity', [y], {}, 'enlarged');
  if (kind === 'two-outputs') w.op('Identity', [x], {}, 'first');
  const count = ports === 'brightness' ? 1 : ports === 'opacity' ? 4 : 3;
  const shape = (height: Dim, width: Dim) =>
    layout === 'NCHW' ? [1, count, height, width] : [1, height, width, count];
  const level = { name: 'level', type: 'FLOAT' as const, shape: ports === 'map' ? [1, 1, 'height', 'width'] : [1] };
  return w.file(
    { name: 'image', type, shape: size ? shape(size.height, size.width) : shape('height', 'width') },
    {
      name: 'enlarged',
      type: back,
      shape: size ? shape(size.height * scale, size.width * scale) : shape('tall', 'wide'),
    },
    ports === 'level' || ports === 'map' ? [level] : [],
  );
}

/** A tiny network with the entry that belongs to it, as a registry would have it. */
export async function tinyModel(options: TinyOptions = {}, changes: Partial<NetworkEntry> = {}): Promise<Network> {
  const { layout = 'NCHW', channels = 'RGB', white = 1, type = 'FLOAT', size, scale = 2, kind } = options;
  const bytes = tinyNetwork(options);
  const entry: NetworkEntry = {
    id: 'tiny',
    file: 'tiny.onnx',
    kind: 'sr',
    name: 'Tiny',
    scale,
    input: {
      name: 'image',
      layout,
      channels,
      range: [0, white],
      type: type === 'FLOAT16' ? 'float16' : 'float32',
      size,
    },
    output: 'enlarged',
    receptiveField: kind === 'global' ? null : tinyRadius,
    multipleOf: multipleOf({ kind }),
    parameters: 1115,
    bytes: bytes.length,
    sha256: await sha256(bytes),
    licence: 'MIT',
    ...changes,
  };
  return { entry, bytes };
}

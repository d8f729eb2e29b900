import { create, fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as Type,
  TensorProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import {
  fixShapes,
  float32,
  int64,
  OPSET,
  readGraph,
  writeGraph,
  type Graph,
  type Node,
} from '../../../src/engine/graph';
import { runNative } from './support/native';
import { srvgg } from './support/networks';
import { bytes, bytesOf, floats, info, ints, model, node } from './support/onnx-file';
import { Random } from './support/random';

const reading = (proto: ModelProto) => () => readGraph(bytes(proto));

describe('refusals name the node and the op', () => {
  const relu = node('Relu', ['x'], ['y']);
  const loop = node('Loop', ['x'], ['y']);
  const external = floats('w', [1], [1]);
  external.dataLocation = TensorProto_DataLocation.EXTERNAL;
  const custom = node('Swish', ['x'], ['y']);
  custom.domain = 'com.example';
  const int8 = create(TensorProtoSchema, { name: 'w', dims: [1n], dataType: Type.INT8, rawData: new Uint8Array(1) });
  const short = floats('w', [4], [1, 2]);

  test.each<[string, ModelProto, string, RegExp]>([
    [
      'a cycle',
      model([node('Add', ['x', 'b'], ['a']), node('Relu', ['a'], ['b']), node('Neg', ['b'], ['y'])]),
      'bad-graph',
      /cycle at Add "the Add"/,
    ],
    ['a missing initialiser', model([node('Add', ['x', 'w'], ['y'])]), 'bad-graph', /Add "the Add" needs "w"/],
    ['a value made twice', model([relu, node('Neg', ['x'], ['y'])]), 'bad-graph', /"y" is made twice.*Neg "the Neg"/],
    ['an output that nothing makes', model([node('Relu', ['x'], ['z'])]), 'bad-graph', /output "y"/],
    ['a loop', model([loop]), 'bad-graph', /Loop "the Loop"/],
    [
      'weights in another file',
      model([node('Mul', ['x', 'w'], ['y'])], { initializer: [external] }),
      'bad-graph',
      /weight "w" is stored in another file/,
    ],
    [
      'int8 weights',
      model([node('Mul', ['x', 'w'], ['y'])], { initializer: [int8] }),
      'bad-graph',
      /weight "w" has a quantised/,
    ],
    [
      'quantised convolutions',
      model([node('QLinearConv', ['x'], ['y'])]),
      'bad-graph',
      /QLinearConv "the QLinearConv"/,
    ],
    ['dequantisation', model([node('DequantizeLinear', ['x'], ['y'])]), 'bad-graph', /DequantizeLinear/],
    ['integer products', model([node('MatMulInteger', ['x'], ['y'])]), 'bad-graph', /MatMulInteger/],
    ['other domains', model([custom]), 'bad-graph', /Swish "the Swish" comes from "com.example"/],
    ['an opset too old', model([relu], { version: 8 }), 'bad-graph', /opset 8/],
    ['an opset too new', model([relu], { version: 99 }), 'bad-graph', /opset 99/],
    [
      'incomplete weights',
      model([node('Mul', ['x', 'w'], ['y'])], { initializer: [short] }),
      'bad-graph',
      /"w" is incomplete: 2 of 4/,
    ],
    ['an empty graph', model([]), 'bad-model', /no network/],
    ['text inputs', model([relu], { input: [info('x', [1], Type.STRING)] }), 'bad-graph', /"x"/],
  ])('%s', (_, proto, code, message) => {
    expect(reading(proto)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  test('bytes that are no ONNX file, and every cut of one', () => {
    expect(() => readGraph(new TextEncoder().encode('<!doctype html>'))).toThrow(
      expect.objectContaining({ code: 'bad-model' }),
    );
    expect(() => readGraph(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'bad-model' }));
    const whole = writeGraph(srvgg());
    for (let size = 1; size < whole.length; size += 97) {
      expect(() => readGraph(whole.subarray(0, size))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^bad-/) }),
      );
    }
  });

  test('shapes that stay open, do not fit, or follow from the picture', () => {
    const open = readGraph(bytes(model([relu], { input: [info('x', [1, 'h'])] })));
    expect(() => fixShapes(open, {})).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/"x" is open/) }),
    );
    const fixed = readGraph(bytes(model([relu])));
    expect(() => fixShapes(fixed, { x: [2, 4] })).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/\[2, 3\] as "x"/) }),
    );
    const mismatch = readGraph(
      bytes(model([node('Add', ['x', 'w'], ['y'])], { initializer: [floats('w', [2], [1, 2])] })),
    );
    expect(() => fixShapes(mismatch, {})).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/Add "the Add".*\[2, 3\], \[2\]/) }),
    );
    const computed = readGraph(
      bytes(model([node('Cast', ['x'], ['i'], { to: 7 }), node('Reshape', ['x', 'i'], ['y'])])),
    );
    expect(() => fixShapes(computed, {})).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/Reshape.*computed from the picture/) }),
    );
    const unknown = readGraph(bytes(model([node('StringNormalizer', ['x'], ['y'])])));
    expect(() => fixShapes(unknown, {})).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/StringNormalizer "the StringNormalizer"/) }),
    );
  });
});

describe('what is read is what was written', () => {
  test.each([0.5, NaN, Infinity])('a network with a side of %d cannot be written', (side) => {
    const [weight] = srvgg().initializers;
    const file = (dims: number[]) => ({ ...srvgg(), initializers: new Map([[weight![0], { ...weight![1], dims }]]) });
    expect(() => writeGraph(file([1, side]))).toThrow(expect.objectContaining({ code: 'bad-graph' }));
    expect(() => int64([NaN])).toThrow(expect.objectContaining({ code: 'bad-graph' }));
  });

  test('a network, there and back', async () => {
    const graph = srvgg();
    const again = readGraph(writeGraph(graph));
    expect(again).toEqual(graph);
    expect(fromBinary(ModelProtoSchema, writeGraph(graph)).opsetImport[0]!.version).toBe(BigInt(OPSET));
    const x = { data: new Random(1).array(3 * 80, 0, 1), dims: [1, 3, 8, 10] };
    expect(await runNative(again, { x })).toEqual(await runNative(fixShapes(graph, { x: [1, 3, 8, 10] }), { x }));
  });

  test('attributes of every kind, and one name for one node', () => {
    const attributes = {
      kernel_shape: [1, 2],
      names: ['a', 'b'],
      alpha: 2,
      value_floats: [0.5, 2],
      axis: -1,
      mode: 'some',
      table: float32([1, 2], [2, 1]),
    };
    const made = (name: string, output: string): Node => ({
      name,
      op: 'Any',
      inputs: ['x', ''],
      outputs: [output],
      attributes,
    });
    const graph: Graph = {
      name: 'attributes',
      inputs: [{ name: 'x', type: 'int64', shape: ['n', 2] }],
      outputs: [{ name: 'y', type: 'bool', shape: [2] }],
      nodes: [made('twice', 'y'), made('twice', 'z')],
      initializers: new Map(),
    };
    expect(readGraph(writeGraph(graph))).toEqual({ ...graph, nodes: [made('twice', 'y'), made('z', 'z')] });
  });

  test('what is made half or double precision on the way becomes float32, and whole numbers stay', () => {
    const cast = (to: number) =>
      readGraph(bytes(model([node('Cast', ['x'], ['y'], { to })]))).nodes.map(({ attributes }) => attributes['to']);
    for (const type of [Type.FLOAT16, Type.BFLOAT16, Type.DOUBLE]) expect(cast(type)).toEqual([Type.FLOAT]);
    expect(cast(Type.INT64)).toEqual([Type.INT64]);
  });

  test('half, bfloat16 and double precision become float32', () => {
    const tensor = (dataType: number, rawData: Uint8Array<ArrayBuffer>): TensorProto =>
      create(TensorProtoSchema, { name: 'w', dims: [3n], dataType, rawData });
    const read = (w: TensorProto) =>
      readGraph(bytes(model([node('Mul', ['x', 'w'], ['y'])], { initializer: [w] }))).initializers.get('w');
    const expected = { type: 'float32', dims: [3], data: Float32Array.of(1.5, -0.25, 2 ** -24) };
    expect(read(tensor(Type.FLOAT16, bytesOf(Uint16Array.of(0x3e00, 0xb400, 0x0001))))).toEqual(expected);
    expect(read(tensor(Type.DOUBLE, bytesOf(Float64Array.of(1.5, -0.25, 2 ** -24))))).toEqual(expected);
    expect(read(tensor(Type.BFLOAT16, bytesOf(Uint16Array.of(0x3fc0, 0xbe80, 0x3380))))).toEqual(expected);
    const listed = create(TensorProtoSchema, {
      name: 'w',
      dims: [3n],
      dataType: Type.FLOAT,
      floatData: [1.5, -0.25, 2 ** -24],
    });
    expect(read(listed)).toEqual(expected);
  });
});

describe('what is not needed is left out', () => {
  const inputs = (resize: NodeProto, version = 11) => {
    const initializer = [
      floats('none', [0], []),
      floats('region', [6], [0, 0, 0, 1, 1, 1]),
      floats('scales', [2], [2, 2]),
    ];
    const proto = model([resize], { version, initializer: [...initializer, ints('sizes', [2], [4, 6])] });
    return readGraph(bytes(proto)).nodes[0]!.inputs;
  };

  test('empty inputs of a Resize, and a region that it does not cut out', () => {
    expect(inputs(node('Resize', ['x', 'none', 'none', 'sizes'], ['y']))).toEqual(['x', '', '', 'sizes']);
    expect(inputs(node('Resize', ['x', 'region', 'scales'], ['y']))).toEqual(['x', '', 'scales']);
    expect(inputs(node('Resize', ['x', 'region', 'scales', 'none'], ['y']))).toEqual(['x', '', 'scales', '']);
    const crops = { coordinate_transformation_mode: 'tf_crop_and_resize' };
    expect(inputs(node('Resize', ['x', 'region', 'scales'], ['y'], crops))).toEqual(['x', 'region', 'scales']);
  });

  test('a Cast to what is no number here stays, and is refused', () => {
    const graph = readGraph(bytes(model([node('Cast', ['x'], ['y'], { to: Type.STRING })])));
    expect(() => fixShapes(graph, {})).toThrow(expect.objectContaining({ code: 'bad-graph' }));
  });
});

describe('older opsets mean the same afterwards', () => {
  const x = { data: new Random(2).array(24), dims: [2, 3, 4] };
  const input = [info('x', [2, 3, 4])];
  const initializer = [
    floats('w', [], [0.5]),
    floats('the Unsqueeze.axes.0', [1], [3]),
    floats('scale', [2], [0.5, 2]),
    floats('bias', [2], [1, -1]),
    floats('by channel', [4], [0.5, 2, -1, 3]),
    floats('variance', [3], [0.5, 2, 1]),
    floats('three', [3], [0.5, -1, 2]),
    floats('empty', [0], []),
    ints('sizes', [3], [2, 6, 2]),
    ints('one', [1], [1]),
    ints('two', [1], [2]),
    floats('larger', [4], [1, 1, 2, 1.5]),
    ints('places', [2, 3, 1], [3, 0, 1, 2, 2, 0]),
    floats('put', [2, 3, 1], [10, 20, 30, 40, 50, 60]),
  ];
  test.each<[string, number, NodeProto[]]>([
    [
      'Squeeze and Unsqueeze with attributes',
      11,
      [node('Unsqueeze', ['x'], ['u'], { axes: [0, 2] }), node('Squeeze', ['u'], ['y'], { axes: [0] })],
    ],
    ['ReduceSum with attributes', 11, [node('ReduceSum', ['x'], ['y'], { axes: [1], keepdims: 0 })]],
    [
      'ReduceMean and ReduceMax with attributes',
      13,
      [node('ReduceMean', ['x'], ['m'], { axes: [-1] }), node('ReduceMax', ['m'], ['y'], { axes: [0] })],
    ],
    ['Split in equal parts', 11, [node('Split', ['x'], ['y', 'z'], { axis: 2 })]],
    ['Split by attribute', 11, [node('Split', ['x'], ['z', 'y'], { axis: 2, split: [1, 3] })]],
    ['Softmax over all axes from the second', 11, [node('Softmax', ['x'], ['y'])]],
    ['Softmax over the last axis', 12, [node('Softmax', ['x'], ['y'], { axis: 2 })]],
    ['LogSoftmax from the first axis', 11, [node('LogSoftmax', ['x'], ['y'], { axis: 0 })]],
    ['Dropout', 12, [node('Dropout', ['x', 'w'], ['y'])]],
    [
      'Resize with empty inputs',
      11,
      [
        node('Resize', ['x', 'empty', 'empty', 'sizes'], ['y'], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ],
    ],
    [
      'GroupNormalization scaled by group',
      18,
      [
        node('Transpose', ['x'], ['t'], { perm: [0, 2, 1] }),
        node('GroupNormalization', ['t', 'scale', 'bias'], ['y'], { num_groups: 2 }),
      ],
    ],
    [
      'GroupNormalization scaled by channel',
      21,
      [
        node('Transpose', ['x'], ['t'], { perm: [0, 2, 1] }),
        node('GroupNormalization', ['t', 'by channel', 'by channel'], ['y'], { num_groups: 2 }),
      ],
    ],
    [
      'GroupNormalization scaled by group, twice',
      18,
      [
        node('Transpose', ['x'], ['t'], { perm: [0, 2, 1] }),
        node('GroupNormalization', ['t', 'scale', 'bias'], ['n'], { num_groups: 2 }),
        node('GroupNormalization', ['n', 'bias', 'scale'], ['y'], { num_groups: 2, epsilon: 0.125 }),
      ].map((each, i) => Object.assign(each, { name: `node ${i}` })),
    ],
    ['Dropout with a mask that nobody reads', 12, [node('Dropout', ['x', 'w'], ['y', 'mask'])]],
    ['Softmax from the second axis, counted from behind', 11, [node('Softmax', ['x'], ['y'], { axis: -2 })]],
    [
      'a name that an upgrade would give',
      11,
      [node('Unsqueeze', ['x'], ['u'], { axes: [0] }), node('Mul', ['u', 'the Unsqueeze.axes.0'], ['y'])],
    ],
    ['Slice by attributes', 9, [node('Slice', ['x'], ['y'], { starts: [1, -3], ends: [3, 4], axes: [1, 2] })]],
    ['Slice by attributes of the first axes', 9, [node('Slice', ['x'], ['y'], { starts: [0, 1], ends: [1, 3] })]],
    ['Slice by inputs', 10, [node('Slice', ['x', 'one', 'two', 'two'], ['y'])]],
    ['TopK by attribute', 9, [node('TopK', ['x'], ['y', 'at'], { k: 2, axis: 1 })]],
    ['TopK by input', 10, [node('TopK', ['x', 'two'], ['y', 'at'], { axis: 2 })]],
    ['Pad by attributes', 10, [node('Pad', ['x'], ['y'], { pads: [0, 1, 0, 0, 0, 2], value: 0.5 })]],
    ['Pad by attributes, reflected', 10, [node('Pad', ['x'], ['y'], { pads: [0, 1, 0, 0, 0, 2], mode: 'reflect' })]],
    ['Clip by attributes, above', 10, [node('Clip', ['x'], ['y'], { max: 0.25 })]],
    ['Clip by attributes, below', 10, [node('Clip', ['x'], ['y'], { min: -0.25 })]],
    ['Scatter', 10, [node('Scatter', ['x', 'places', 'put'], ['y'], { axis: 2 })]],
    ['Hardmax over all axes from the second', 11, [node('Hardmax', ['x'], ['y'])]],
    ['Softmax from the last axis, counted from behind', 11, [node('Softmax', ['x'], ['y'], { axis: -1 })]],
    ['Softmax, whose axis is the last by default', 13, [node('Softmax', ['x'], ['y'])]],
    ['ReduceMean over an axis by input', 18, [node('ReduceMean', ['x', 'one'], ['y'])]],
    ['ReduceSum over all axes', 11, [node('ReduceSum', ['x'], ['y'])]],
    [
      'Upsample between pixels',
      9,
      [node('Unsqueeze', ['x'], ['u'], { axes: [0] }), node('Upsample', ['u', 'larger'], ['y'], { mode: 'linear' })],
    ],
    [
      'Resize of opset 10',
      10,
      [node('Unsqueeze', ['x'], ['u'], { axes: [0] }), node('Resize', ['u', 'larger'], ['y'], { mode: 'nearest' })],
    ],
    [
      'BatchNormalization',
      9,
      [node('BatchNormalization', ['x', 'three', 'three', 'three', 'variance'], ['y'], { epsilon: 0.125 })],
    ],
    [
      'shapes computed with',
      14,
      [node('Shape', ['x'], ['s']), node('Reshape', ['x', 's'], ['r']), node('Identity', ['r'], ['y'])],
    ],
  ])('%s', async (_, version, nodes) => {
    const proto = model(nodes, { version, input, initializer });
    const { InferenceSession, Tensor } = await import('../../../src/engine/runtime/onnxruntime.node');
    const session = await InferenceSession.create(bytes(proto), { logSeverityLevel: 4 });
    const expected = (await session.run({ x: new Tensor('float32', x.data, x.dims) }))['y']!.data as Float32Array;
    await session.release();
    const actual = (await runNative(fixShapes(readGraph(bytes(proto)), {}), { x }))['y']!;
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  });
});

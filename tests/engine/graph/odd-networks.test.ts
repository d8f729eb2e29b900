import { TensorProto_DataType as Type, type ModelProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { fixShapes, packWeights, readGraph, trainingStep, withWeights, writeGraph } from '../../../src/engine/graph';
import { runNative, type Feeds } from './support/native';
import { branch, bytes, floats, info, ints, model, node } from './support/onnx-file';
import { Random } from './support/random';
import { randomData, slopeRatio } from './support/slope';

// Files that are written otherwise than PyTorch's exporter writes them: each means what ONNX Runtime makes of it, its
// gradient is the slope of its loss, and it is an ordinary network again afterwards.

const random = new Random(31);
const weight = (name: string, ...dims: number[]): TensorProto =>
  floats(name, dims, [
    ...random.array(
      dims.reduce((product, dim) => product * dim, 1),
      -0.4,
      0.4,
    ),
  ]);
const same = { pads: [1, 1, 1, 1] };
const conv = (x: string, w: string, y: string): NodeProto => named(node('Conv', [x, w], [y], same), `${w} on ${x}`);
const constant = (tensor: TensorProto): NodeProto =>
  named(node('Constant', [], [tensor.name], { value: tensor }), `the ${tensor.name}`);
const named = (proto: NodeProto, name: string): NodeProto => Object.assign(proto, { name });

interface Odd {
  readonly title: string;
  readonly version?: number;
  readonly nodes: NodeProto[];
  readonly weights: TensorProto[];
  /** Inputs of the graph; x alone if left out. */
  readonly input?: ReturnType<typeof info>[];
  /** Names of the outputs; y alone if left out. */
  readonly output?: string[];
  readonly trained: string[];
  /** Weights that stay as they are, and what the reason names. */
  readonly frozen?: Record<string, string>;
}

const size = [1, 3, 8, 8];
const decided = [
  node('Shape', ['a'], ['sizes']),
  node('Gather', ['sizes', 'one'], ['channels']),
  node('Equal', ['channels', 'one'], ['single']),
  node('If', ['single'], ['o'], {
    then_branch: branch([node('Neg', ['a'], ['turned'])], 'turned'),
    else_branch: branch([node('Mul', ['a', 'a'], ['squared'])], 'squared'),
  }),
];
const odd: Odd[] = [
  {
    title: 'one weight in two places',
    nodes: [conv('x', 'w', 'a'), node('Sigmoid', ['a'], ['s']), conv('s', 'w', 'y')],
    weights: [weight('w', 3, 3, 3, 3)],
    trained: ['w'],
  },
  {
    title: 'weights that are inputs of the graph too',
    nodes: [node('Conv', ['x', 'w', 'b'], ['y'], same)],
    weights: [weight('w', 3, 3, 3, 3), weight('b', 3)],
    input: [info('w', [3, 3, 3, 3]), info('x', size), info('b', [3])],
    trained: ['w', 'b'],
  },
  {
    title: 'a branch that nobody reads, and a second output',
    nodes: [conv('x', 'w', 'y'), conv('y', 'v', 'z'), conv('y', 'u', 'nobody')],
    weights: [weight('w', 3, 3, 3, 3), weight('v', 5, 3, 3, 3), weight('u', 5, 3, 3, 3)],
    output: ['y', 'z'],
    trained: ['w'],
    frozen: { v: 'does not depend', u: 'does not depend' },
  },
  {
    title: 'weights as Constant nodes',
    nodes: [
      constant(weight('w', 3, 3, 3, 3)),
      constant(weight('b', 3)),
      node('Conv', ['x', 'w', 'b'], ['a'], same),
      constant(weight('s', 3, 1, 1)),
      node('PRelu', ['a', 's'], ['p']),
      constant(floats('half', [], [0.5])),
      node('Mul', ['p', 'half'], ['y']),
    ],
    weights: [],
    trained: ['w', 'b', 's'],
  },
  {
    title: 'a name that an unnamed node gets is another node’s',
    nodes: [named(conv('x', 'w', 'a'), ''), named(node('Sigmoid', ['a'], ['y']), 'a')],
    weights: [weight('w', 3, 3, 3, 3)],
    trained: ['w'],
  },
  {
    title: 'optional outputs left empty',
    nodes: [conv('x', 'w', 'a'), node('MaxPool', ['a'], ['y', ''], { kernel_shape: [2, 2], strides: [2, 2] })],
    weights: [weight('w', 3, 3, 3, 3)],
    trained: ['w'],
  },
  {
    title: 'Pad, Clip, Slice and Resize of opset 11',
    version: 11,
    nodes: [
      node('Pad', ['x', 'around'], ['p'], { mode: 'reflect' }),
      node('Conv', ['p', 'w'], ['a']),
      node('Clip', ['a', '', 'high'], ['c']),
      node('Slice', ['c', 'starts', 'ends', 'axes'], ['s']),
      named(node('Pad', ['s', 'behind', 'value'], ['q']), 'another Pad'),
      node('Resize', ['q', 'none', 'scales'], ['y'], { mode: 'linear' }),
    ],
    weights: [
      weight('w', 3, 3, 3, 3),
      ints('around', [8], [0, 0, 1, 1, 0, 0, 1, 1]),
      floats('high', [], [0.3]),
      ints('starts', [2], [1, -100]),
      ints('ends', [2], [2 ** 62, -1]),
      ints('axes', [2], [-1, 2]),
      ints('behind', [8], [0, 0, 0, 1, 0, 0, 1, 0]),
      floats('value', [], [0.2]),
      floats('none', [0], []),
      floats('scales', [4], [1, 1, 2, 2]),
    ],
    trained: ['w'],
  },
  {
    title: "TensorFlow's half pixels",
    version: 11,
    nodes: [
      conv('x', 'w', 'a'),
      node('Resize', ['a', 'none', 'scales'], ['y'], {
        mode: 'nearest',
        coordinate_transformation_mode: 'tf_half_pixel_for_nn',
      }),
    ],
    weights: [weight('w', 3, 3, 3, 3), floats('none', [0], []), floats('scales', [4], [1, 1, 2, 1.5])],
    trained: ['w'],
  },
  {
    title: 'a Split without sizes, of opset 13',
    nodes: [
      conv('x', 'w', 'a'),
      node('Split', ['a'], ['left', 'right'], { axis: 1 }),
      node('Mul', ['left', 'right'], ['y']),
    ],
    weights: [weight('w', 6, 3, 3, 3)],
    trained: ['w'],
  },
  {
    title: 'places computed from the picture',
    nodes: [
      conv('x', 'u', 'k'),
      node('ArgMax', ['k'], ['i'], { axis: 1, keepdims: 0 }),
      node('ReduceMax', ['k'], ['top'], { keepdims: 0 }),
      node('Abs', ['top'], ['positive']),
      node('Min', ['positive', 'two'], ['within']),
      node('Cast', ['within'], ['place'], { to: Type.INT64 }),
      conv('x', 'w', 'a'),
      node('Gather', ['a', 'place'], ['g'], { axis: 1 }),
      node('Unsqueeze', ['g', 'axes'], ['one']),
      conv('one', 'v', 'y'),
    ],
    weights: [
      weight('u', 3, 3, 3, 3),
      weight('w', 3, 3, 3, 3),
      weight('v', 3, 1, 3, 3),
      floats('two', [], [2]),
      ints('axes', [1], [1]),
    ],
    trained: ['w', 'v'],
    frozen: { u: 'does not depend' },
  },
  {
    title: 'a region cut out by Resize',
    nodes: [
      conv('x', 'w', 'a'),
      node('Resize', ['a', 'region', 'scales'], ['r'], {
        mode: 'linear',
        coordinate_transformation_mode: 'tf_crop_and_resize',
      }),
      conv('r', 'v', 'y'),
    ],
    weights: [
      weight('w', 3, 3, 3, 3),
      weight('v', 3, 3, 3, 3),
      floats('region', [8], [0, 0, 0.1, 0.1, 1, 1, 0.9, 0.8]),
      floats('scales', [4], [1, 1, 1, 1]),
    ],
    trained: ['v'],
    frozen: { w: 'Resize "the Resize"' },
  },
  ...(
    [
      ['TopK', [node('TopK', ['a', 'three'], ['o', 'places'], { axis: 1 })]],
      ['GatherND', [node('GatherND', ['a', 'first'], ['g']), node('Reshape', ['g', 'again'], ['o'])]],
      [
        'ScatterND without anything to scatter',
        [node('ScatterND', ['a', 'nowhere', 'nothing'], ['s']), node('Concat', ['s', 'none'], ['o'], { axis: 1 })],
      ],
      [
        'Col2Im',
        [
          node('Reshape', ['a', 'columns'], ['c']),
          node('Col2Im', ['c', 'picture', 'block'], ['o'], { strides: [1, 1], pads: [0, 0, 0, 0] }),
        ],
      ],
      ['If, decided by a shape', decided],
    ] as [string, NodeProto[]][]
  ).map(([title, nodes]): Odd => ({
    title,
    version: 18,
    nodes: [conv('x', 'w', 'a'), ...nodes, conv('o', 'v', 'y')],
    weights: [
      weight('w', 3, 3, 3, 3),
      weight('v', 3, 3, 3, 3),
      ints('three', [1], [3]),
      ints('first', [1, 1], [0]),
      ints('again', [4], [1, 3, 8, 8]),
      ints('nowhere', [0, 4], []),
      floats('nothing', [0], []),
      floats('none', [1, 0, 8, 8], []),
      ints('one', [], [1]),
      ints('columns', [3], [1, 12, 16]),
      ints('picture', [2], [5, 5]),
      ints('block', [2], [2, 2]),
    ],
    trained: ['w', 'v'],
  })),
  {
    title: 'kernels as constants beside initialisers, a mean and a mask',
    nodes: [
      node('Constant', [], ['k'], { value: weight('', 3, 3, 3, 3) }),
      node('Sub', ['x', 'mean'], ['centred']),
      conv('centred', 'k', 'a'),
      node('Add', ['a', 'mask'], ['m']),
      node('Relu', ['m'], ['r']),
      conv('r', 'v', 'o'),
      named(node('Add', ['o', 'mean again'], ['y']), 'the last Add'),
    ],
    weights: [
      weight('v', 3, 3, 3, 3),
      floats('mean', [1, 3, 1, 1], [0.4488, 0.4371, 0.404]),
      floats('mean again', [1, 3, 1, 1], [0.4488, 0.4371, 0.404]),
      floats('mask', [1, 1, 1, 8], [0, 0, 0, 0, 0, 0, 0, -100]),
    ],
    trained: ['k', 'v'],
  },
  {
    title: 'opset 9: Upsample, Slice, Clip and Pad as they were',
    version: 9,
    nodes: [
      conv('x', 'w', 'a'),
      node('Upsample', ['a', 'twice'], ['u'], { mode: 'nearest' }),
      node('Slice', ['u'], ['s'], { starts: [1, 2], ends: [9, 14], axes: [2, 3] }),
      node('Pad', ['s'], ['p'], { pads: [0, 0, 1, 0, 0, 0, 0, 2] }),
      conv('p', 'v', 'y'),
    ],
    weights: [weight('w', 3, 3, 3, 3), weight('v', 3, 3, 3, 3), floats('twice', [4], [1, 1, 2, 2])],
    trained: ['w', 'v'],
  },
  ...(
    [
      ['Atanh', [node('Sigmoid', ['a'], ['s']), node('Mul', ['s', 'half'], ['h']), node('Atanh', ['h'], ['o'])]],
      [
        'GridSample',
        [
          node('Transpose', ['x'], ['t'], { perm: [0, 2, 3, 1] }),
          node('Slice', ['t', 'from', 'to', 'last'], ['grid']),
          node('GridSample', ['a', 'grid'], ['o'], { mode: 'bicubic', align_corners: 1 }),
        ],
      ],
    ] as [string, NodeProto[]][]
  ).map(([op, nodes]): Odd => ({
    title: `${op}, which has no rule`,
    version: 18,
    nodes: [conv('x', 'w', 'a'), ...nodes, conv('o', 'v', 'y')],
    weights: [
      weight('w', 3, 3, 3, 3),
      weight('v', 3, 3, 3, 3),
      floats('half', [], [0.5]),
      ints('three', [1], [3]),
      ints('first', [1, 1], [0]),
      ints('again', [4], [1, 3, 8, 8]),
      ints('from', [1], [0]),
      ints('to', [1], [2]),
      ints('last', [1], [3]),
    ],
    trained: ['v'],
    frozen: { w: `${op} "the ${op}"` },
  })),
];

async function original(proto: ModelProto, x: Feeds['x']): Promise<Float32Array> {
  const { InferenceSession, Tensor } = await import('../../../src/engine/runtime/onnxruntime.node');
  const session = await InferenceSession.create(bytes(proto), { logSeverityLevel: 4 });
  try {
    return (await session.run({ x: new Tensor('float32', x!.data, x!.dims) }))['y']!.data as Float32Array;
  } finally {
    await session.release();
  }
}

test.each(odd)('$title', async ({ nodes, weights, version = 13, trained, frozen, ...rest }) => {
  const { input = [info('x', size)], output = ['y'] } = rest;
  const proto = model(nodes, { version, initializer: weights, input, output: output.map((name) => info(name, [])) });
  const network = readGraph(bytes(proto));
  const fixed = fixShapes(network, {});
  const step = trainingStep({
    network,
    inputs: { x: size, target: fixed.outputs[0]!.shape as number[] },
    loss: (b, { output: y, inputs }) => ({ total: b.mean(b.square(b.sub(y, inputs['target']!))) }),
    optimizer: { type: 'sgd', momentum: 0 },
  });
  expect(step.report.trained).toEqual(trained);
  expect(step.report.frozen).toEqual(
    Object.entries(frozen ?? {}).map(([name, reason]) => ({ name, reason: expect.stringContaining(reason) })),
  );

  const data = randomData(step, random);
  const x = data['x']!;
  const expected = await original(proto, x);
  const closeTo = (actual: Float32Array): void => {
    expect(actual).toHaveLength(expected.length);
    actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
  };
  closeTo((await runNative(fixed, { x }))['y']!);
  closeTo((await runNative(readGraph(writeGraph(withWeights(step, packWeights(step)))), { x }))['y']!);
  const ratio = await slopeRatio(step, data);
  expect(ratio).toBeGreaterThan(0.98);
  expect(ratio).toBeLessThan(1.02);
});

test('a picture of one pixel', async () => {
  const nodes = [
    conv('x', 'w', 'a'),
    node('DepthToSpace', ['a'], ['u'], { blocksize: 2, mode: 'CRD' }),
    node('GlobalAveragePool', ['u'], ['p']),
    node('Conv', ['p', 'v'], ['q']),
    node('Sigmoid', ['q'], ['s']),
    node('Mul', ['u', 's'], ['y']),
  ];
  const initializer = [weight('w', 12, 3, 3, 3), weight('v', 3, 3, 1, 1)];
  const network = readGraph(bytes(model(nodes, { initializer, input: [info('x', [1, 3, 'h', 'w'])] })));
  const step = trainingStep({
    network,
    inputs: { x: [1, 3, 1, 1], target: [1, 3, 2, 2] },
    loss: (b, { output, inputs }) => ({ total: b.mean(b.square(b.sub(output, inputs['target']!))) }),
    optimizer: { type: 'sgd', momentum: 0 },
  });
  const ratio = await slopeRatio(step, randomData(step, random));
  expect(ratio).toBeGreaterThan(0.98);
  expect(ratio).toBeLessThan(1.02);
});

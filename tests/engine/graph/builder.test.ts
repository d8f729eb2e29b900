import {
  differentiate,
  fixShapes,
  float32,
  GraphBuilder,
  int64,
  readGraph,
  writeGraph,
} from '../../../src/engine/graph';
import type { Value } from '../../../src/engine/graph';
import { lowerings } from '../../../src/engine/graph/lowering';
import { runNative } from './support/native';
import { srvgg } from './support/networks';
import { Random } from './support/random';

const ops = (graph: { nodes: readonly { op: string }[] }): string[] => graph.nodes.map(({ op }) => op);

describe('what is known before a graph runs', () => {
  test('shape arithmetic is computed, whatever the exporter wrote', () => {
    const b = new GraphBuilder('shapes');
    const x = b.input('x', [2, 3, 8, 6]);
    const shape = b.op('Shape', [x]);
    const height = b.gather(shape, int64(2));
    const half = b.div(height, int64(2));
    const target = b.concat([b.slice(shape, [0], [2], [0]), b.reshape(half, [1]), b.ints([-1])], 0);
    const graph = b.build({ y: b.op('Reshape', [x, target]) });
    expect(ops(graph)).toEqual(['Reshape']);
    expect(graph.outputs[0]!.shape).toEqual([2, 3, 4, 12]);
  });

  test('what does nothing is left out, what nobody reads too, and what is there twice is there once', () => {
    const b = new GraphBuilder('tidy');
    const x = b.input('x', [2, 3]);
    const same = b.reshape(b.transpose(b.op('Identity', [b.op('Dropout', [x])]), [0, 1]), [2, 3]);
    expect(same).toBe(x);
    b.exp(x);
    const graph = b.build({ y: b.add(b.relu(x), b.relu(same)) });
    expect(ops(graph)).toEqual(['Relu', 'Add']);
  });

  test('constants fold as ONNX Runtime computes them', async () => {
    const random = new Random(4);
    const a = float32(random.array(12, 0.5, 2), [3, 4]);
    const c = float32(random.array(8, 0.5, 2), [4, 2]);
    const chain = (b: GraphBuilder, weigh: boolean) => {
      const [m, w] = weigh ? [b.weight('a', a), b.weight('c', c)] : [b.constant(a), b.constant(c)];
      const product = b.gemm(m, w, { bias: float32([0.5, -1]) });
      const root = b.sqrt(b.add(b.reduceSum(b.square(product), [1]), 1e-3));
      const curved = b.sigmoid(b.leakyRelu(b.sub(b.div(product, root), 0.4), 0.2));
      const moved = b.transpose(b.concat([curved, b.tanh(b.op('Erf', [product]))], 1), [1, 0]);
      const picked = b.gather(b.expand(b.reshape(moved, [4, 3, 1]), [4, 3, 2]), int64([3, 0]), 0);
      return b.add(b.reduceMean(picked, [0], false), b.where(b.greater(b.exp(root), 3), b.log(root), b.neg(root)));
    };
    const folded = new GraphBuilder('folded');
    const known = chain(folded, false).constant!;
    const computed = new GraphBuilder('computed');
    const graph = computed.build({ y: chain(computed, true) });
    expect(graph.nodes.length).toBeGreaterThan(10);
    const { y } = await runNative(graph, {});
    expect(known.dims).toEqual(graph.outputs[0]!.shape);
    known.data.forEach((value, i) => expect(Number(value)).toBeCloseTo(y![i]!, 5));
  });

  test('names of the file are kept', () => {
    const graph = fixShapes(readGraph(writeGraph(srvgg())), { x: [1, 3, 8, 8] });
    expect([...graph.initializers.keys()].filter((name) => name.startsWith('body.'))).toHaveLength(11);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.outputs).toEqual([{ name: 'y', type: 'float32', shape: [1, 3, 32, 32] }]);
  });

  test('how much memory values take: those that others are made to, and no value twice for another shape', () => {
    const b = new GraphBuilder('memory');
    const [x, other] = [b.input('x', [2, 3]), b.input('other', [5])];
    const [six, five] = [b.relu(x), b.exp(other)];
    const sum = b.reduceSum(b.reshape(six, [6]), [0], false);
    expect(b.madeBytes([x])).toBe(4 * 6 + 4);
    expect(b.madeBytes([other])).toBe(4 * 5);
    expect(b.madeBytes([x, other])).toBe(4 * 6 + 4 + 4 * 5);
    expect(b.madeBytes([five])).toBe(0);
    expect(b.largestBytes([sum])).toBe(4 * 6);
    expect(b.largestBytes([five])).toBe(4 * 5);
    expect(b.liveBytes([sum])).toBe(4 * 6 + 4);
    expect(b.liveBytes([sum, five])).toBe(4 * 6 + 4 * 5 + 4);
  });

  test('an output may be an input, or another output', async () => {
    const b = new GraphBuilder('copies');
    const x = b.input('x', [2]);
    const y = b.neg(x);
    const results = await runNative(b.build({ a: y, b: y, c: x, d: b.constant([5, 6]) }), {
      x: { data: Float32Array.of(1, 2), dims: [2] },
    });
    expect(Object.entries(results).map(([name, values]) => [name, ...values])).toEqual([
      ['a', -1, -2],
      ['b', -1, -2],
      ['c', 1, 2],
      ['d', 5, 6],
    ]);
  });
});

test('what methods fill in is what they say', () => {
  const b = new GraphBuilder('defaults');
  const x = b.input('x', [2, 4, 6, 8]);
  const kernel = b.input('w', [5, 4, 3, 5]);
  const other = b.input('v', [4, 5, 3, 2]);
  const [axes, ones] = [b.ints([0, 1, 2, 3]), [1, 1]];
  const same = { kernel_shape: [3, 5], strides: ones, dilations: ones, pads: [1, 2, 1, 2], group: 1 };
  const wide = { ...same, dilations: [2, 3], pads: [2, 6, 2, 6] };
  const none = {
    kernel_shape: [3, 2],
    strides: ones,
    dilations: ones,
    pads: [0, 0, 0, 0],
    group: 1,
    output_padding: [0, 0],
  };
  const scales = (...values: number[]) => [x, undefined, b.constant([1, 1, ...values])];
  const shift = { coordinate_transformation_mode: 'asymmetric' };
  const centred = { coordinate_transformation_mode: 'half_pixel' };
  const pairs: [Value, Value][] = [
    [b.leakyRelu(x), b.op('LeakyRelu', [x], { alpha: 0.01 })],
    [b.softmax(x), b.op('Softmax', [x], { axis: -1 })],
    [b.gather(x, b.ints([1])), b.op('Gather', [x, b.ints([1])], { axis: 0 })],
    [b.pad(x, [0, 0, 1, 0, 0, 0, 0, 2]), b.op('Pad', [x, b.ints([0, 0, 1, 0, 0, 0, 0, 2]), 0], { mode: 'constant' })],
    [b.pad(x, [0, 0, 1, 0, 0, 0, 0, 2], 'edge'), b.op('Pad', [x, b.ints([0, 0, 1, 0, 0, 0, 0, 2])], { mode: 'edge' })],
    [b.reduceSum(x), b.op('ReduceSum', [x, axes], { keepdims: 1 })],
    [b.reduceMean(x), b.op('ReduceMean', [x, axes], { keepdims: 1 })],
    [b.reduceMax(x), b.op('ReduceMax', [x, axes], { keepdims: 1 })],
    [b.mean(x), b.op('ReduceMean', [x, axes], { keepdims: 0 })],
    [b.slice(x, [1], [2], [3]), b.op('Slice', [x, b.ints([1]), b.ints([2]), b.ints([3]), b.ints([1])])],
    [b.depthToSpace(x, 2), b.op('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' })],
    [b.averagePool(x, [2, 3]), b.op('AveragePool', [x], { kernel_shape: [2, 3], strides: [2, 3] })],
    [b.conv(x, kernel), b.op('Conv', [x, kernel], same)],
    [b.conv(x, kernel, { dilations: [2, 3] }), b.op('Conv', [x, kernel], wide)],
    [b.convTranspose(x, other), b.op('ConvTranspose', [x, other], none)],
    [b.resize(x, [2, 3]), b.op('Resize', scales(2, 3), { mode: 'linear', ...centred })],
    [
      b.resize(x, [2, 3], { mode: 'nearest' }),
      b.op('Resize', scales(2, 3), { mode: 'nearest', ...shift, nearest_mode: 'floor' }),
    ],
    [
      b.resize(x, [2, 3], { mode: 'cubic' }),
      b.op('Resize', scales(2, 3), { mode: 'cubic', ...centred, cubic_coeff_a: -0.75 }),
    ],
  ];
  for (const [short, long] of pairs) expect(short).toBe(long);
  const matrix = b.input('m', [3, 3]);
  expect(b.gemm(matrix, matrix)).toBe(b.op('Gemm', [matrix, matrix], { transA: 0, transB: 0 }));
  expect(b.producerOf(b.transpose(x, [1, 0, 2, 3]))!.op).toBe('Transpose');
  expect(b.producerOf(b.transpose(b.input('flat', [1, 4, 1, 8]), [0, 2, 1, 3]))!.op).toBe('Reshape');
  expect(b.producerOf(b.transpose(b.input('long', [1, 4, 1, 8]), [0, 3, 2, 1]))!.op).toBe('Transpose');
  const types = (['float32', 'int64', 'int32', 'bool'] as const).map((type) => [b.cast(matrix, type).type, type]);
  for (const [given, wanted] of types) expect(given).toBe(wanted);
  const blocks = { data: Float32Array.from({ length: 16 }, (_, i) => i), dims: [1, 4, 2, 2] };
  for (const mode of ['CRD', 'DCR'] as const) {
    const there = b.constant(float32(blocks.data, blocks.dims));
    const known = b.spaceToDepth(b.depthToSpace(there, 2, mode), 2, mode).constant!;
    expect([...known.data]).toEqual([...blocks.data]);
  }
});

describe('errors name the operation', () => {
  const b = new GraphBuilder('wrong');
  const x = b.input('x', [1, 3, 8, 8]);
  test.each<[string, () => unknown, RegExp]>([
    ['an unknown op', () => b.op('Teleport', [x]), /Teleport/],
    [
      'channels that do not fit',
      () => b.conv(x, float32(new Float32Array(36), [2, 2, 3, 3])),
      /Conv.*reads 3 channels/,
    ],
    [
      'a kernel larger than the picture',
      () => b.conv(x, float32(new Float32Array(3 * 121), [1, 3, 11, 11]), { pads: [0, 0, 0, 0] }),
      /Conv.*\[1, 1, -2, -2\]/,
    ],
    ['shapes that do not broadcast', () => b.add(x, float32([1, 2, 3])), /Add.*8 and 3/],
    ['an axis that is not there', () => b.softmax(x, 4), /Softmax.*no axis 4/],
    ['a matrix product', () => b.matmul(x, float32([1, 2, 3])), /MatMul.*inner dimensions/],
    [
      'blocks that do not fill the picture',
      () => b.op('Col2Im', [float32(new Float32Array(24), [1, 4, 6]), b.ints([5, 5]), b.ints([2, 2])]),
      /Col2Im.*4 × 4 blocks of 2 × 2/,
    ],
    [
      'blocks of the wrong size',
      () => b.op('Col2Im', [float32(new Float32Array(80), [1, 5, 16]), b.ints([5, 5]), b.ints([2, 2])]),
      /Col2Im.*4 × 4 blocks of 2 × 2/,
    ],
    ['neighbours without a middle', () => b.op('LRN', [x], { size: 4 }), /LRN.*size of 4 is not odd/],
    ['neighbours in no picture', () => b.op('LRN', [b.flat(x)], { size: 3 }), /LRN.*1 dimensions instead of 4/],
    ['sizes that are no multiple', () => b.depthToSpace(x, 2), /DepthToSpace.*3 channels/],
  ])('%s', (_, wrong, message) => {
    expect(wrong).toThrow(expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(message) }));
  });
});

describe('differentiate', () => {
  test('a value used more than once sums its gradients, through shared weights too', async () => {
    const b = new GraphBuilder('fan-out');
    const x = b.input('x', [2]);
    const w = b.weight('w', float32([3, 4]));
    const y = b.mul(b.mul(x, w), w);
    const loss = b.reduceSum(b.add(b.add(y, x), b.mul(x, x)), undefined, false);
    const { graph } = differentiate(b.build({ loss }), { loss: 'loss', wrt: ['x', 'w'] });
    const results = await runNative(graph, { x: { data: Float32Array.of(5, -6), dims: [2] } });
    // x w² + x + x²
    expect([...results['gradient.x']!]).toEqual([9 + 1 + 10, 16 + 1 - 12]);
    expect([...results['gradient.w']!]).toEqual([2 * 5 * 3, 2 * -6 * 4]);
  });

  test('what needs no gradient gets none', () => {
    const b = new GraphBuilder('lazy');
    const x = b.input('x', [1, 2, 4, 4]);
    const w = b.weight('w', float32(new Float32Array(36).fill(0.1), [2, 2, 3, 3]));
    const graph = b.build({ loss: b.mean(b.conv(x, w)) });
    const wrtWeight = differentiate(graph, { loss: 'loss', wrt: ['w'] }).graph;
    expect(ops(wrtWeight).filter((op) => op === 'Conv' || op === 'ConvTranspose')).toHaveLength(1);
    expect(wrtWeight.outputs.map(({ name }) => name)).toEqual(['loss', 'gradient.w']);
    const wrtInput = differentiate(graph, { loss: 'loss', wrt: ['x'] }).graph;
    expect(ops(wrtInput)).not.toContain('Gemm');
  });

  test.each([1, 2])('all lowerings of both gradients of a convolution agree (groups: %d)', async (group) => {
    const random = new Random(8);
    const b = new GraphBuilder('lowerings');
    const x = b.input('x', [2, 4, 8, 6]);
    const w = b.weight('w', float32(random.array((6 * 4 * 9) / group), [6, 4 / group, 3, 3]));
    const y = b.conv(x, w, { group, pads: [1, 0, 2, 1], dilations: [1, 2] });
    const graph = b.build({ loss: b.mean(b.mul(y, b.input('d', y.shape))) });
    const feeds = {
      x: { data: random.array(2 * 4 * 48), dims: [2, 4, 8, 6] },
      d: { data: random.array(y.shape.reduce((p, d) => p * d)), dims: y.shape },
    };
    const variants = [
      { inputGradient: 'conv-transpose', filterGradient: 'conv' },
      { inputGradient: 'flipped-conv', filterGradient: 'matmul', chunks: 1 },
      { inputGradient: 'flipped-conv', filterGradient: 'crossed-matmul' },
      { inputGradient: 'conv-transpose', filterGradient: 'matmul', chunks: 3 },
    ] as const;
    const results: Record<string, Float32Array>[] = [];
    for (const lowering of variants) {
      results.push(await runNative(differentiate(graph, { loss: 'loss', wrt: ['x', 'w'], lowering }).graph, feeds));
    }
    for (const name of ['gradient.x', 'gradient.w']) {
      for (const other of results.slice(1)) {
        other[name]!.forEach((value, i) => expect(value).toBeCloseTo(results[0]![name]![i]!, 5));
      }
    }
  });

  describe('kernels of many large pictures', () => {
    /** d(loss)/dw of a product with each pixel, crosswise: both pictures are copied as often as the kernel is wide and high. */
    function slope(pictures: number, outputs: number, crosswise = true) {
      const b = new GraphBuilder('turns');
      const x = b.input('x', [pictures, 8, 512, 512]);
      const w = b.weight('w', float32(new Random(5).array(outputs * 8), [outputs, 8, 1, 1]));
      const graph = b.build({ loss: b.mean(b.square(b.conv(x, w, { pads: [0, 0, 0, 0] }))) });
      const lowering = { filterGradient: crosswise ? ('crossed-matmul' as const) : ('conv' as const) };
      return differentiate(graph, { loss: 'loss', wrt: ['w'], lowering: { ...lowerings.cpu, ...lowering } }).graph;
    }

    test('take turns, so that their copies fit into memory', () => {
      const products = (pictures: number, outputs: number) =>
        ops(slope(pictures, outputs)).filter((op) => op === 'Gemm').length;
      // 2 × 16 × 512² numbers are just as many as are kept at once.
      expect(products(2, 8)).toBe(1);
      expect(products(2, 9)).toBe(2);
      expect(products(3, 9)).toBe(3);
      expect(products(1, 30)).toBe(1);
    });

    test('have the same gradient as all together', async () => {
      const x = { data: new Random(6).array(2 * 8 * 512 * 512), dims: [2, 8, 512, 512] };
      const [turns, together] = [await runNative(slope(2, 9), { x }), await runNative(slope(2, 9, false), { x })];
      const expected = together['gradient.w']!;
      expect(expected).toHaveLength(72);
      expected.forEach((value, i) => expect(turns['gradient.w']![i]).toBeCloseTo(value, 5));
    });
  });

  test('an op without a rule stops gradients, also of what goes round it', () => {
    const b = new GraphBuilder('blocked');
    const x = b.input('x', [2, 3]);
    const early = b.weight('early', float32([1, 2, 3]));
    const late = b.weight('late', float32([1, 2, 3]));
    const middle = b.mul(x, early);
    const y = b.mul(b.add(b.op('Selu', [middle]), middle), late);
    const { graph, obstacles } = differentiate(b.build({ loss: b.mean(y) }), { loss: 'loss', wrt: ['early', 'late'] });
    expect(obstacles).toEqual([{ op: 'Selu', node: expect.any(String) }]);
    expect(graph.outputs.map(({ name }) => name)).toEqual(['loss', 'gradient.late']);
  });

  describe('obstacles', () => {
    const selu = (b: GraphBuilder, x: Value) => b.op('Selu', [x]);
    const entries = float32([1, 0, 0, 1, -1, 0, 0, -1], [4, 2]);
    /** The entry of a codebook that is nearest to each row: gradients go round it. */
    const lookUp = (b: GraphBuilder, z: Value) => {
      const book = b.constant(entries, 'book');
      const at = b.op('ArgMax', [b.op('Gemm', [z, book], { transB: 1 })], { axis: 1, keepdims: 0 });
      return b.gather(book, at, 0);
    };
    test.each<[title: string, write: (b: GraphBuilder, w: Value, x: Value) => Value, found: string[], learns: boolean]>(
      [
        ['what no weight comes through is none', (b, w, x) => b.mul(w, selu(b, b.exp(x))), [], true],
        ['the first operation of all may be one', (b, w) => selu(b, w), ['Selu'], false],
        [
          'of an operation with two results one that is used is enough',
          (b, w) => b.split(selu(b, w), [1, 1], 1)[1]!,
          ['Selu'],
          false,
        ],
        [
          'one of two parts stops both',
          (b, w) => b.add(selu(b, b.split(w, [1, 1], 1)[0]!), b.split(w, [1, 1], 1)[1]!),
          ['Selu'],
          false,
        ],
        ['in front of what is flat it does not matter', (b, w) => b.add(b.op('Floor', [selu(b, w)]), w), [], true],
        ['in front of a look-up', (b, w) => lookUp(b, selu(b, w)), ['Selu'], false],
        [
          'behind a look-up, of what goes round it too',
          (b, w) => b.add(selu(b, lookUp(b, b.mul(w, 2))), w),
          ['Selu'],
          false,
        ],
        ['beside the way to the loss it is none', (b, w) => (selu(b, w), b.mul(w, w)), [], true],
        ['two on one way', (b, w) => selu(b, b.op('Celu', [w])), ['Selu', 'Celu'], false],
      ],
    )('%s', (_, write, found, learns) => {
      const b = new GraphBuilder('obstacles');
      const w = b.weight('w', float32([0.5, 1, 2, 3], [2, 2]));
      const loss = b.mean(write(b, w, b.input('x', [2, 2])));
      const { graph, obstacles } = differentiate(b.build({ loss }), { loss: 'loss', wrt: ['w'] });
      expect(obstacles.map(({ op }) => op)).toEqual(found);
      expect(graph.outputs.map(({ name }) => name)).toEqual(learns ? ['loss', 'gradient.w'] : ['loss']);
    });
  });

  test('at kinks gradients are those that PyTorch takes', async () => {
    const at = async (values: number[], write: (b: GraphBuilder, x: Value) => Value) => {
      const b = new GraphBuilder('kinks');
      const x = b.input('x', [values.length]);
      const loss = b.reduceSum(write(b, x), undefined, false);
      const { graph } = differentiate(b.build({ loss }), { loss: 'loss', wrt: ['x'] });
      const results = await runNative(graph, { x: { data: Float32Array.from(values), dims: [values.length] } });
      return Array.from(results['gradient.x']!, (value) => Math.round(value * 1e4) / 1e4 + 0);
    };
    expect(await at([-1, 0, 1], (b, x) => b.relu(x))).toEqual([0, 0, 1]);
    expect(await at([-1, 0, 1], (b, x) => b.leakyRelu(x))).toEqual([0.01, 0.01, 1]);
    expect(await at([-1, 0, 1], (b, x) => b.op('Elu', [x], { alpha: 0.5 }))).toEqual([0.1839, 0.5, 1]);
    expect(await at([-1, 0, 1], (b, x) => b.prelu(x, float32([0.5])))).toEqual([0.5, 0.5, 1]);
    expect(await at([-3.5, -3, 3, 3.5], (b, x) => b.op('HardSwish', [x]))).toEqual([0, -0.5, 1.5, 1]);
    expect(await at([-3, -2.5, 2.5, 3], (b, x) => b.op('HardSigmoid', [x]))).toEqual([0, 0, 0, 0]);
    expect(await at([-2, -1, 1, 2], (b, x) => b.clip(x, -1, 1))).toEqual([0, 1, 1, 0]);
    expect(await at([-2, 0, 2], (b, x) => b.abs(x))).toEqual([-1, 0, 1]);
    expect(await at([-2, 0, 2], (b, x) => b.op('ReduceL1', [x]))).toEqual([-1, 0, 1]);
    expect(await at([0, 0], (b, x) => b.op('ReduceL2', [x]))).toEqual([0, 0]);
    expect(await at([2, 1, 2], (b, x) => b.reduceMax(x))).toEqual([0.5, 0, 0.5]);
    expect(await at([1, 2, 0], (b, x) => b.max(x, 1))).toEqual([0.5, 1, 0]);
    expect(await at([1, 2, 0], (b, x) => b.min(x, 1))).toEqual([0.5, 0, 1]);
    expect(await at([0, 0, 2], (b, x) => b.pow(x, float32([0, 2, 3])))).toEqual([0, 0, 12]);
    expect(await at([1, 0, -2], (b, x) => b.pow(float32([0, 3, 2]), x))).toEqual([0, 1.0986, 0.1733]);
    expect(await at([3, 1, 3, 2], (b, x) => b.op('MaxPool', [b.reshape(x, [1, 1, 4])], { kernel_shape: [3] }))).toEqual(
      [1, 0, 1, 0],
    );
  });

  test('wrong questions', () => {
    const b = new GraphBuilder('wrong');
    const graph = b.build({ y: b.relu(b.input('x', [3])) });
    const asking = (loss: string, wrt: string) => () => differentiate(graph, { loss, wrt: [wrt] });
    expect(asking('y', 'x')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/single number.*\[3\]/) }),
    );
    expect(asking('z', 'x')).toThrow(expect.objectContaining({ message: expect.stringMatching(/no output "z"/) }));
    expect(asking('y', 'w')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/no input or weight "w"/) }),
    );
    expect(() => differentiate(srvgg(), { loss: 'y', wrt: [] })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/"x" is open/) }),
    );
  });
});

import { convert } from '../../../src/engine/conversion';
import { architectures } from '../../../src/engine/conversion/architectures';
import { isShifted } from '../../../src/engine/conversion/architectures/dat';
import { foldedConv, foldOf } from '../../../src/engine/conversion/folded-conv';
import { readPytorch } from '../../../src/engine/conversion/pytorch';
import { readSafetensors } from '../../../src/engine/conversion/safetensors';
import { NetworkBuilder } from '../../../src/engine/conversion/network-builder';
import type { Weight, Weights } from '../../../src/engine/conversion/weights';
import { readGraph, writeGraph } from '../../../src/engine/graph';
import { noise } from '../raster/support';
import { answer, bytesOf, distance, floatsOf, readCases, safetensors, type Encoded, type WeightsCase } from './support';

// Which weights are taken for which family, and what a family does with weights that are not quite as published.

const cases = [...readCases<WeightsCase>('pytorch.json'), ...readCases<WeightsCase>('transformers.json')];
function golden(name: string): WeightsCase & { weights: Map<string, Weight> } {
  const each = cases.find((one) => one.name.startsWith(name))!;
  const bytes = bytesOf(each.bytes);
  return {
    ...each,
    weights: new Map(each.file.endsWith('.safetensors') ? readSafetensors(bytes) : readPytorch(bytes)),
  };
}
const familyOf = (weights: Weights) => architectures.find((each) => each.fits(weights));
const build = (weights: Weights) => writeGraph(familyOf(weights)!.build(weights));
const zeros = (dims: readonly number[]): Weight => ({
  dims,
  data: new Float32Array(dims.reduce((product, dim) => product * dim, 1)),
});
const encoded = (shape: readonly number[], data: Float32Array): Encoded => ({
  shape,
  data: Buffer.from(data.buffer).toString('base64'),
});

const [matrix, line] = [[1, 1, 1, 1], [1]] as const;
const told: Readonly<Record<string, Readonly<Record<string, readonly number[]>>[]>> = {
  ESRGAN: [
    { 'model.0.weight': matrix, 'model.1.sub.0.RDB1.conv1.0.weight': matrix },
    {
      'conv_first.weight': matrix,
      'body.0.rdb1.conv1.weight': matrix,
      'conv_body.weight': matrix,
      'conv_last.weight': matrix,
    },
    {
      'conv_first.weight': matrix,
      'RRDB_trunk.0.RDB1.conv1.weight': matrix,
      'trunk_conv.weight': matrix,
      'conv_last.weight': matrix,
    },
  ],
  SPAN: [
    {
      'conv_1.sk.weight': matrix,
      'block_1.c1_r.sk.weight': matrix,
      'conv_cat.weight': matrix,
      'conv_2.sk.weight': matrix,
      'upsampler.0.weight': matrix,
    },
  ],
  RealPLKSR: [
    {
      'feats.0.weight': matrix,
      'feats.1.lk.conv.weight': matrix,
      'feats.1.channel_mixer.0.weight': matrix,
      'feats.1.refine.weight': matrix,
    },
  ],
  Compact: [{ 'body.0.weight': matrix, 'body.1.weight': line }],
  HAT: [
    {
      'layers.0.residual_group.blocks.0.conv_block.cab.3.attention.1.weight': matrix,
      'layers.0.residual_group.overlap_attn.relative_position_bias_table': line,
    },
  ],
  SwinIR: [
    {
      'layers.0.residual_group.blocks.0.attn.relative_position_bias_table': line,
      'layers.0.residual_group.blocks.0.attn.qkv.weight': line,
    },
  ],
  DAT: [
    {
      'before_RG.1.weight': line,
      'layers.0.blocks.0.ffn.sg.norm.weight': line,
      'layers.0.blocks.0.attn.attns.0.rpe_biases': line,
    },
  ],
};

test.each(Object.entries(told))('%s is told by all of some names, and by nothing less', (name, forms) => {
  for (const shapes of forms) {
    const weights = new Map(Object.entries(shapes).map(([key, dims]) => [key, zeros(dims)]));
    expect(familyOf(weights)?.name).toBe(name);
    for (const key of weights.keys()) {
      const rest = new Map(weights);
      rest.delete(key);
      expect(familyOf(rest)).toBeUndefined();
    }
  }
});

test.each([
  ['Compact', 'body.0.weight'],
  ['Compact', 'body.1.weight'],
  ['RealPLKSR', 'feats.0.weight'],
  ['RealPLKSR', 'feats.1.lk.conv.weight'],
])('%s is told by shapes as well: %s', (name, key) => {
  const weights = new Map(Object.entries(told[name]![0]!).map(([each, dims]) => [each, zeros(dims)]));
  weights.set(key, zeros([1, 1]));
  expect(familyOf(weights)).toBeUndefined();
});

test.each<[string, string, (weights: Map<string, Weight>) => void]>([
  ['places of pixels', 'SwinIR x4, classical', (weights) => weights.set('absolute_pos_embed', zeros([1, 4, 4]))],
  ['DySample', 'RealPLKSR x4', (weights) => weights.set('to_img.init_pos', zeros([1]))],
  ['ESRGAN+', 'ESRGAN x4, Real', (weights) => weights.set('body.0.rdb1.conv1x1.weight', zeros(matrix))],
  [
    'a normalisation of other groups',
    'RealPLKSR x4',
    (weights) => {
      for (const key of ['feats.1.norm.weight', 'feats.1.norm.bias']) weights.set(key, zeros([6]));
    },
  ],
  [
    'a convolution that halves pixels',
    'ESRGAN x4, Real',
    (weights) => weights.set('conv_hr.weight', zeros([4, 4, 2, 2])),
  ],
  ['a first layer that is a line', 'ESRGAN x4, Real', (weights) => weights.set('conv_first.weight', zeros([4]))],
  [
    'windows of half a pixel',
    'DAT x4',
    (weights) =>
      weights.set('layers.0.blocks.0.attn.attns.0.rpe_biases', { dims: [1, 2], data: Float32Array.of(0.5, 3) }),
  ],
  [
    'windows of nothing',
    'DAT x4',
    (weights) => weights.set('layers.0.blocks.0.attn.attns.0.rpe_biases', zeros([0, 2])),
  ],
  [
    'a table that no window has',
    'SwinIR x4, classical',
    (weights) => {
      const key = 'layers.0.residual_group.blocks.0.attn.relative_position_bias_table';
      weights.set(key, zeros([48, weights.get(key)!.dims[1]!]));
    },
  ],
])('%s: a sentence, not a crash or another network', (_, name, change) => {
  const { weights, file } = golden(name);
  change(weights);
  const bytes = asFile(weights);
  expect(() => convert({ name: file, bytes })).toThrow(expect.objectContaining({ code: 'bad-model' }));
});

/** Weights as a .safetensors file. */
function asFile(weights: Weights): Uint8Array {
  const file = safetensors(Object.fromEntries([...weights].map(([key, { dims }]) => [key, dims])));
  const start = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  let at = start;
  for (const { data } of weights.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

test.each([
  // Windows of 4 see as many, one pixel more, half a pixel more, and more than the next window.
  [7, false],
  [8, false],
  [Math.sqrt(90), false],
  [9, true],
  [11, true],
  [13, false],
])('attention over windows with a table of %d squared', (side, fits) => {
  const { weights } = golden('HAT x4');
  const key = 'layers.0.residual_group.overlap_attn.relative_position_bias_table';
  const own = weights.get('layers.0.residual_group.blocks.0.attn.relative_position_bias_table')!;
  expect(own.dims[0]).toBe(49);
  weights.set(key, zeros([Math.round(side ** 2), own.dims[1]!]));
  if (fits) expect(build(weights).length).toBeGreaterThan(0);
  else expect(() => build(weights)).toThrow(expect.objectContaining({ code: 'bad-model' }));
});

test('windows are moved in every second block that looks at pixels', () => {
  // As DAT's own code counts them.
  const moved = (layer: number) => [0, 2, 4, 6, 8, 10].filter((block) => isShifted(layer, block));
  expect([0, 1, 2, 3].map(moved)).toEqual([
    [2, 6, 10],
    [0, 4, 8],
    [2, 6, 10],
    [0, 4, 8],
  ]);
});

test('a third doubling makes eight times as large', async () => {
  const { weights, input, output } = golden('ESRGAN x4, Real');
  for (const part of ['weight', 'bias']) weights.set(`conv_up3.${part}`, weights.get(`conv_up2.${part}`)!);
  const { shape } = await answer(build(weights), input);
  const [batch, channels, height, width] = output.shape as [number, number, number, number];
  expect(shape).toEqual([batch, channels, 2 * height, 2 * width]);
});

test('a gray Compact takes one channel', () => {
  const bytes = safetensors({ 'body.0.weight': [4, 1, 3, 3], 'body.1.weight': [4], 'body.2.weight': [4, 4, 3, 3] });
  const { bytes: network, input } = convert({ name: 'gray.safetensors', bytes });
  expect(readGraph(network).inputs[0]!.shape[1]).toBe(1);
  expect(input).toEqual({ channels: 'RGB', range: [0, 1] });
});

test('a network that answers colour with one channel adds no mean colour', async () => {
  const { weights, input, output } = golden('SwinIR x4 for real');
  const last = weights.get('conv_last.weight')!;
  const [, ...rest] = last.dims;
  weights.set('conv_last.weight', { dims: [1, ...rest], data: last.data.slice(0, last.data.length / last.dims[0]!) });
  const bias = weights.get('conv_last.bias');
  if (bias) weights.set('conv_last.bias', { dims: [1], data: bias.data.slice(0, 1) });
  const { shape, data } = await answer(build(weights), input);
  expect(shape).toEqual([output.shape[0], 1, ...output.shape.slice(2)]);
  const red = floatsOf(output).slice(0, data.length);
  expect(
    distance(
      data,
      red.map((value) => value - 0.4488),
    ),
  ).toBeLessThan(1e-5);
});

test('a SPAN network that keeps only its convolutions as they are folded is the same', async () => {
  const { weights, input, output } = golden('SPAN x2');
  const { initializers } = familyOf(weights)!.build(weights);
  const folded = new Map<string, Weight>();
  for (const [key, weight] of weights) {
    const name = /^(.*)\.sk\.weight$/.exec(key)?.[1];
    if (name === undefined) {
      if (!/\.(conv\.\d|sk|eval_conv)\./.test(key)) folded.set(key, weight);
      continue;
    }
    folded.set(key, weight);
    for (const part of ['weight', 'bias']) {
      const { dims, data } = initializers.get(`${name}.${part}`)!;
      folded.set(`${name}.eval_conv.${part}`, { dims, data: data as Float32Array });
    }
  }
  expect(folded.has('conv_1.conv.0.weight')).toBe(false);
  const { shape, data } = await answer(build(folded), input);
  expect(shape).toEqual(output.shape);
  expect(distance(data, floatsOf(output))).toBeLessThan(1e-5);
});

test.each([
  [3, 3, 1],
  [12, 3, 2],
  [48, 3, 4],
  [4, 1, 2],
  [27, 3, 1],
  [6, 3, 1],
  [3, 12, 1],
  [3, 1, 1],
])('%i channels of %i that come out are folded from blocks of %i', (inputs, outputs, fold) => {
  expect(foldOf(inputs, outputs)).toBe(fold);
});

test.each([2, 4])(
  'blocks of %i pixels are folded as PyTorch does, in kernels higher than wide as well',
  async (fold) => {
    const [height, width, outputs, channels, kernel] = [3, 2, 2, 3, [3, 1]] as const;
    const inputs = channels * fold ** 2;
    const weight = { dims: [outputs, inputs, ...kernel], data: noise(outputs * inputs, 3, 1).data };
    const network = (make: (s: NetworkBuilder) => string, channelsIn: number) => {
      const s = new NetworkBuilder(
        'test',
        new Map([
          ['a.weight', weight],
          ['a.bias', zeros([outputs])],
        ]),
      );
      return writeGraph(s.finish(make(s), { channelsIn, channelsOut: outputs }));
    };
    const picture = noise(width * fold, height * fold * channels, 1).data;
    const unfolded = new Float32Array(picture.length);
    // Pixel unshuffle: channel, then the row and column in the block.
    for (let c = 0, to = 0; c < channels; c++)
      for (let v = 0; v < fold; v++)
        for (let u = 0; u < fold; u++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++)
              unfolded[to++] = picture[(c * height * fold + y * fold + v) * width * fold + x * fold + u]!;
    const found = await answer(
      network((s) => foldedConv(s, 'image', 'a', fold), channels),
      encoded([1, channels, height * fold, width * fold], picture),
    );
    const expected = await answer(
      network((s) => s.conv('image', 'a'), inputs),
      encoded([1, inputs, height, width], unfolded),
    );
    expect(found.shape).toEqual(expected.shape);
    expect(distance(found.data, expected.data)).toBeLessThan(1e-5);
  },
);

import { readFile } from 'node:fs/promises';
import { rrdb } from '../src/engine/conversion/architectures/rrdb';
import type { Weight } from '../src/engine/conversion/weights';
import { LWayError } from '../src/engine';
import { writeGraph } from '../src/engine/graph';
import { readNetworkFile } from '../src/engine/network/network-file';
import type { Network, NetworkEntry } from '../src/engine/network/registry';
import { createNodeEngine } from '../src/engine/node';
import type { Bench, Cell } from './bench';
import { reached } from './bench';
import { adaptationModels, computedPicture, never, nowhere } from './upscale-support';

const side = 128;
const aims = { megabytes: 2500, seconds: 30 };
const own = 'RRDB, 16.7 M weights';

/**
 * Files of other people's networks to be measured instead, for which there are no aims; behind an @ the number that sides have
 * to be a multiple of.
 */
const given = process.env['LWAY_BENCH_NETWORKS']?.split(',') ?? [];

async function measure(part: string): Promise<Cell[][]> {
  const bytes = part === own ? writeGraph(rrdb.build(realEsrganWeights())) : await readFile(part.split('@')[0]!);
  const network = asItStands(bytes, part);
  const engine = createNodeEngine();
  const began = { seconds: performance.now() / 1000, cpu: cpuSeconds() };
  const since = () => ({ seconds: performance.now() / 1000 - began.seconds, cpu: cpuSeconds() - began.cpu });
  let first = since();
  let steps = 0;
  const notices: string[] = [];
  const source = computedPicture(side, side);
  const adapt = {
    level: part === own ? 'standard' : 'quick',
    strength: 1,
    networks: await adaptationModels(network),
  } as const;
  let learned = since();
  const upscale = engine.upscale(never, source, nowhere, {
    network,
    size: { scale: network.entry.scale },
    device: 'cpu',
    adapt,
    onEvent: (event) => {
      if (event.type === 'notice') notices.push(event.message);
      if (event.type === 'adaptation' && event.step === 0) first = since();
      if (event.type === 'adaptation') [steps, learned] = [event.step, since()];
      if (process.env['LWAY_BENCH_NETWORKS'])
        console.error(
          since().seconds.toFixed(1),
          since().cpu.toFixed(1),
          process.resourceUsage().maxRSS >> 10,
          JSON.stringify(event).slice(0, 150),
        );
    },
  });
  // Weights that nobody trained give no picture, which the upscale refuses: what adapting them costs is known by then.
  const report = await upscale.catch((error: unknown) => {
    if (part === own && error instanceof LWayError && error.code === 'bad-output') return undefined;
    throw error;
  });
  const all = since();
  await engine.dispose();
  if (report?.adaptation?.stopped || steps === 0) throw new Error(notices.join(' '));
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  const enough = megabytes <= aims.megabytes && first.seconds <= aims.seconds;
  return [
    [
      part,
      first.seconds.toFixed(0),
      first.cpu.toFixed(0),
      steps,
      learned.seconds.toFixed(0),
      all.cpu.toFixed(0),
      megabytes,
      notices.join(' '),
      part === own ? `${aims.megabytes} MB, ${aims.seconds} s` : '',
      part === own ? reached(enough) : '',
    ],
  ];
}

/** Taken for ×4, RGB, 0..1: to find that out by trying would take longer than what is measured. */
function asItStands(bytes: Uint8Array, part: string): Network {
  const { inputs, outputs, parameters } = readNetworkFile(bytes);
  const [, , height, width] = inputs[0]!.shape ?? [];
  const size = typeof width === 'number' && typeof height === 'number' ? { width, height } : undefined;
  const entry: NetworkEntry = {
    id: 'large',
    file: 'large.onnx',
    kind: 'sr',
    name: part,
    scale: 4,
    input: { name: inputs[0]!.name, layout: 'NCHW', channels: 'RGB', range: [0, 1], type: 'float32', size },
    output: outputs[0]!.name,
    receptiveField: 64,
    multipleOf: Number(part.split('@')[1] ?? 1),
    parameters,
    bytes: bytes.length,
    sha256: '',
    licence: 'MIT',
  };
  return { entry, bytes };
}

/** Seconds that the cores of this machine have computed for this process. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Weights of the shapes that Real-ESRGAN x4plus has: small ones, so that it answers with a picture. */
function realEsrganWeights(): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  const conv = (name: string, inputs: number, outputs: number) => {
    const spread = 2 / Math.sqrt(9 * inputs);
    weights.set(`${name}.weight`, {
      dims: [outputs, inputs, 3, 3],
      data: Float32Array.from({ length: outputs * inputs * 9 }, () => spread * random()),
    });
    weights.set(`${name}.bias`, { dims: [outputs], data: new Float32Array(outputs) });
  };
  conv('conv_first', 3, 64);
  for (let block = 0; block < 23; block++) {
    for (let dense = 1; dense <= 3; dense++) {
      for (let i = 1; i <= 5; i++) conv(`body.${block}.rdb${dense}.conv${i}`, 64 + 32 * (i - 1), i < 5 ? 32 : 64);
    }
  }
  for (const name of ['conv_body', 'conv_up1', 'conv_up2', 'conv_hr']) conv(name, 64, 64);
  conv('conv_last', 64, 3);
  return weights;
}

const bench: Bench = {
  title: 'Adapting large networks',
  about: `A whole process that adapts a network of the size that most people use (Real-ESRGAN x4plus and its like) to a layer of ${side}×${side} with _Standard_, on native CPU, and upscales it: how long until it learns, in seconds here and of computing, and the most memory that it took.`,
  head: [
    'network',
    's to first step',
    'CPU s to first step',
    'steps',
    's adapting',
    'CPU s with the upscale',
    'peak, MB',
    'said',
    'aim',
    'reached',
  ],
  parts: given.length > 0 ? given : [own],
  run: measure,
};
export default bench;

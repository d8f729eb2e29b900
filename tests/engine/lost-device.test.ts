import { resolve } from 'node:path';
import { adaptJob } from '../../src/engine/jobs/adapt-job';
import type { AblatedOptions } from '../../src/engine/adaptation';
import type { AdaptOptions, UpscaleOptions } from '../../src/engine/contract';
import { LocalEngine } from '../../src/engine/jobs/local-engine';
import { GraphBuilder, readGraph, sizeOf, writeGraph, type Tensor } from '../../src/engine/graph';
import { loadNetwork, readRegistry } from '../../src/engine/network/networks.node';
import type { Network } from '../../src/engine/network/registry';
import { ailingRuntime } from '../support/ailing-runtime';
import { drawn, never } from './raster/support';
import { Collector, sourceOf } from './upscaling/pictures';
import { tinyModel } from './upscaling/tiny-networks';

// A GPU that is lost is told from a network that fails, whatever was being computed: only then a new worker begins.

const folder = resolve(__dirname, '../../models');
const picture = drawn(
  64,
  64,
  3,
  (c, y, x) => (Math.sin(x / 4) + Math.cos(y / 3 + c) > 0 ? 0.7 : 0.3) + 0.002 * (x % 5),
);
let options: UpscaleOptions;

beforeAll(async () => {
  const registry = await readRegistry(folder);
  const load = (id: string) => loadNetwork(folder, registry, id);
  const network = await tinyModel({ scale: 4 });
  // Encoder and reconstructor as they ship; the others small, since each phase is reached once more for every loss.
  const networks: AdaptOptions['networks'] = {
    encoder: await load('lway-encoder-x4'),
    reconstructor: await load('lway-reconstructor-x4'),
    features: await tinyModel(),
    start: startFor(network),
  };
  const ablation = { steps: 1, patch: 16, batch: 1, trainingBatches: 1, heldOutBatches: 1, start: 1, pairsWeight: 1 };
  options = {
    network,
    size: { scale: 4 },
    device: 'auto',
    adapt: { level: 'quick', strength: 1, networks, ablation } as AblatedOptions,
  };
});

/** A start network that leaves one weight as it is. */
function startFor({ entry, bytes }: Network): Network {
  const [[name, { dims }]] = [...readGraph(bytes).initializers].filter(([, { dims: d }]) => d.length === 4) as [
    [string, Tensor],
  ];
  const b = new GraphBuilder('start');
  const zero = b.mul(b.reduceSum(b.input('embedding', [1, 512]), undefined, false), 0);
  const offset = b.mul(b.constant({ type: 'float32', dims, data: new Float32Array(sizeOf(dims)) }), zero);
  const graph = b.build({ share: b.reshape(zero, [1]), [name]: offset });
  const input = { ...entry.input, name: 'embedding' };
  return { entry: { ...entry, kind: 'start', input, output: 'share' }, bytes: writeGraph(graph) };
}

/** A job on a GPU that is lost when session `at` first runs; what each session was fed is in `seen`. */
async function loseAt(at: number) {
  const seen: string[] = [];
  const runtime = ailingRuntime({
    before: (feeds, session) => {
      if (session >= at) throw new Error('GPUDevice was lost');
      seen[session] ??= Object.keys(feeds).join(' ');
    },
  });
  const engine = new LocalEngine({
    adapt: adaptJob,
    onDeviceLost: 'throw',
    runtimes: { fallback: 'cpu', open: () => Promise.resolve({ runtime, notices: [] }) },
  });
  const report = engine.upscale(never, sourceOf(picture), new Collector(), options);
  const code = await report.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );
  await engine.dispose();
  return { seen, code };
}

test('is seen in every phase of a job', async () => {
  const { seen, code } = await loseAt(Infinity);
  expect(code).toBe('done');
  // Embedding, copies, pairs, offsets of the start, the network on copies and patches, the step, its evaluation, tiles.
  expect(seen.length).toBeGreaterThanOrEqual(9);
  expect(seen.join('; ')).toMatch(/embedding.*weights/);
  for (let at = 0; at < seen.length; at++) expect({ at, ...(await loseAt(at)) }).toMatchObject({ code: 'device-lost' });
});

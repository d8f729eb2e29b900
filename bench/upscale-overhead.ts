import { availableParallelism } from 'node:os';
import { createNodeEngine } from '../src/engine/node';
import { readReflected } from '../src/engine/raster/pad';
import { crop } from '../src/engine/raster/planes';
import type { PixelSource } from '../src/engine/raster/raster';
import * as ort from '../src/engine/runtime/onnxruntime.node';
import { planUpscaling } from '../src/engine/upscaling/upscale';
import type { Bench, Cell } from './bench';
import { median, reached } from './bench';
import { computedPicture, defaultModel, never, nowhere } from './upscale-support';

const rounds = 3;
const aim = 1.05;

/** `384, ×4`: longest side of a tile, scale of the result. */
async function measure(part: string): Promise<Cell[][]> {
  const [tile, scale] = part.split(', ×').map(Number) as [number, number];
  const network = await defaultModel();
  const source = await inMemory(computedPicture(640, 480));
  const { tiles } = planUpscaling(source.info, network.entry, { size: { scale }, device: 'cpu', tile });
  const inputs: Float32Array[] = [];
  for (let i = 0; i < tiles.count; i++) inputs.push((await readReflected(never, source, tiles.tile(i).input)).data);

  // As the engine's runtime makes them: ONNX Runtime's own default is one thread per physical core.
  const session = await ort.InferenceSession.create(network.bytes, {
    intraOpNumThreads: availableParallelism(),
    enableCpuMemArena: false,
  });
  const raw = async () => {
    for (const data of inputs) {
      const feeds = {
        [network.entry.input.name]: new ort.Tensor('float32', data, [1, 3, tiles.tileHeight, tiles.tileWidth]),
      };
      await session.run(feeds, [network.entry.output]);
    }
  };
  const engine = createNodeEngine();
  const ours = () => engine.upscale(never, source, nowhere, { network, size: { scale }, device: 'cpu', tile });
  const seconds = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return (performance.now() - started) / 1000;
  };
  await raw();
  await ours();
  const times: [number, number][] = [];
  // By turns, so that what else the machine does meets both.
  for (let round = 0; round < rounds; round++) times.push([await seconds(raw), await seconds(ours)]);
  await engine.dispose();
  await session.release();
  const ratio = median(times.map(([a, b]) => b / a));
  return [
    [
      part,
      tiles.count,
      median(times.map(([a]) => a)).toFixed(2),
      median(times.map(([, b]) => b)).toFixed(2),
      ratio.toFixed(3),
      `≤ ${aim}`,
      reached(ratio <= aim),
    ],
  ];
}

/** Drawing the picture is no part of the engine's work. */
async function inMemory({ info, read }: PixelSource): Promise<PixelSource> {
  const picture = await read(never, { x: 0, y: 0, width: info.width, height: info.height });
  return { info, read: (_signal, rect) => Promise.resolve(crop(picture, rect)) };
}

const bench: Bench = {
  title: 'Engine against raw ONNX Runtime',
  about: `A picture of 640×480, 8 bit RGB, by the default network on native CPU: the engine's whole way (reading, padding, checking, cropping, resampling, writing) against nothing but ONNX Runtime on the same tiles. Medians of ${rounds} rounds by turns.`,
  head: ['tile, scale', 'tiles', 'raw, s', 'engine, s', 'ratio', 'aim', 'reached'],
  parts: ['384, ×4', '256, ×4', '384, ×2'],
  run: measure,
};
export default bench;

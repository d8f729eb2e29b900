import { createNodeEngine } from '../src/engine/node';
import { tinyModel } from '../tests/engine/upscaling/tiny-networks';
import type { Bench, Cell } from './bench';
import { computedPicture, defaultModel, never, nowhere } from './upscale-support';

const sides: Record<string, [number, number]> = {
  '1 megapixel': [1250, 800],
  '4 megapixels': [2500, 1600],
  '16 megapixels': [5000, 3200],
};

const tiny = 'two small convolutions';

async function measure(part: string): Promise<Cell[][]> {
  const [input, network] = part.split(', ') as [string, string];
  const [width, height] = sides[input]!;
  const chosen = network === tiny ? await tinyModel({ scale: 4 }) : await defaultModel();
  const engine = createNodeEngine();
  const before = process.memoryUsage().rss;
  const options = { network: chosen, size: { scale: 4 }, device: 'cpu' } as const;
  const { tiles, seconds } = await engine.upscale(never, computedPicture(width, height), nowhere, options);
  // In kilobytes (libuv), of this process alone.
  const peak = process.resourceUsage().maxRSS * 1024;
  await engine.dispose();
  const megabytes = (bytes: number) => Math.round(bytes / 1048576);
  return [[network, input, `${width}×${height}`, tiles, megabytes(peak), megabytes(peak - before), seconds.toFixed(1)]];
}

const bench: Bench = {
  title: 'Peak memory',
  about:
    'A whole process upscaling ×4 on native CPU in tiles of the usual size, each picture in a process of its own. The picture is computed where it is read and the result forgotten, so that what is left is the engine’s own. The default network shows what a person gets; one of two small convolutions goes up to 16 megapixels without taking minutes. Aim: flat, whatever the size of the picture.',
  head: ['network', 'input', 'pixels', 'tiles', 'peak of the process, MB', 'above its start, MB', 'seconds'],
  parts: ['1 megapixel, default', '4 megapixels, default', ...Object.keys(sides).map((input) => `${input}, ${tiny}`)],
  run: measure,
};
export default bench;

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { QuietReporter } from '../src/cli/output/text-reporter';
import { FileRun, filesAtOnce } from '../src/cli/run-files';
import { formats } from '../src/cli/files/formats';
import type { Target } from '../src/cli/files/targets';
import type { Engine, UpscaleReport } from '../src/engine';
import { createNodeEngine, takeInFile } from '../src/engine/node';
import { doublingNetwork } from '../tests/cli/support/test-root';
import { median, type Bench, type Cell } from './bench';
import { never } from './upscale-support';

const pictures = 8;
const rounds = 3;
const [width, height] = [600, 400];

/** Waves with some grain: neither flat nor noise. */
function drawn(): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    data[i] = 128 + 90 * Math.sin(x / 17 + (i % 3)) * Math.cos(y / 13) + (((x * 7) ^ (y * 13)) % 16);
  }
  return data;
}

/** Takes the engine's answer only after so many milliseconds in which this machine's processors are free, as a GPU does. */
function elsewhere(engine: Engine, milliseconds: number): Engine {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    upscale: (...args) => {
      const job = turn.then(async (): Promise<UpscaleReport> => {
        await new Promise((resolve) => setTimeout(resolve, milliseconds));
        return engine.upscale(...args);
      });
      turn = job.catch(() => undefined);
      return job;
    },
    dispose: () => engine.dispose(),
  };
}

async function measure(part: string): Promise<Cell[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'lway-bench-'));
  const native = createNodeEngine();
  try {
    const bytes = doublingNetwork();
    const network = await takeInFile(never, { file: { name: 'doubling.onnx', bytes }, name: 'doubling' });
    const targets: Target[] = [];
    for (let i = 0; i < pictures; i++) {
      const input = join(folder, `${i}.jpg`);
      await sharp(drawn(), { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 90 })
        .toFile(input);
      targets.push({ input, output: join(folder, 'out', `${i}.png`), format: formats.png });
    }
    const run = async (engine: Engine, atOnce: number): Promise<number> => {
      const pass = { size: { scale: 2 }, options: { network, device: 'cpu' as const } };
      const silent = new QuietReporter({ write: (text) => process.stderr.write(text) });
      const files = new FileRun(
        never,
        engine,
        silent,
        async () => ({ options: { passes: [pass], force: true } }),
        atOnce,
      );
      const began = performance.now();
      await files.all(targets);
      if (files.summary.succeeded !== pictures) throw new Error('A picture failed.');
      return (performance.now() - began) / pictures;
    };
    // Files and computing about as long as each other: where overlapping can bring the most.
    await run(native, 1);
    const engine = part.startsWith('elsewhere') ? elsewhere(native, await run(native, 1)) : native;
    const [apart, together]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      apart.push(await run(engine, 1));
      together.push(await run(engine, filesAtOnce));
    }
    const ratio = median(together.map((each, i) => each / apart[i]!));
    return [[part, median(apart).toFixed(0), median(together).toFixed(0), ratio.toFixed(2)]];
  } finally {
    await native.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

const bench: Bench = {
  title: 'Many pictures',
  about: `${pictures} JPEG of ${width}×${height} to PNG of twice the size, each of which is decoded, computed (a network of one convolution) and encoded: the sum of the parts, one picture after the other, against the three overlapping. *Elsewhere*: the computing takes as long again without using this machine’s processors, as on a GPU. The ratio is what counts; half is the least that two equal parts can come to.`,
  head: ['computing', 'sum of the parts, ms a picture', 'overlapping, ms a picture', 'ratio'],
  parts: ['on the processors', 'elsewhere'],
  run: measure,
};
export default bench;

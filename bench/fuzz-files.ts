import { writePsdBuffer } from 'ag-psd';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sharp from 'sharp';
import { decode, readHeader } from '../src/cli/files/decode';
import { draw } from '../src/cli/files/drawing';
import { writeChunk } from '../src/cli/files/metadata/png-chunks';
import { readMetadata } from '../src/cli/files/metadata/read';
import { LWayError } from '../src/engine';
import type { Bench, Cell } from './bench';
import { generator, mutate, mutateText, type Random } from './mutate';
import { never } from './upscale-support';

const perKind = Number(process.env['LWAY_FUZZ'] ?? 450);
const mostMilliseconds = 10_000;
const mostMegabytes = 1500;
/** Inputs that did what they must not, to be looked at. */
const kept = '.cache/fuzz';
const fixtures = 'tests/fixtures/files';

interface Answer {
  outcome: string;
  milliseconds: number;
  megabytes: number;
}

/** In the process that is tried: one line in, a path; one line out. */
export async function answerPaths(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lway-fuzz-'));
  for await (const path of createInterface({ input: process.stdin })) {
    const began = performance.now();
    let outcome = 'read';
    const target = join(folder, 'out.v');
    try {
      const header = await readHeader(never, path);
      if (header.drawing) await draw(never, path, header, { width: 64, height: 64 }, target);
      else {
        const source = await decode(never, path, header, target);
        await readMetadata(path, source.header, header.turned);
        const { width, height } = source.info;
        await source.read(never, { x: 0, y: height - 1, width, height: 1 });
        await source.close();
        if (width !== header.width || height !== header.height) outcome = 'another size than its header says';
      }
    } catch (error) {
      outcome = error instanceof LWayError ? error.code : String(error);
    }
    rmSync(target, { force: true });
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    const answer: Answer = {
      outcome,
      milliseconds: performance.now() - began,
      megabytes: peak ? Number(peak) / 1024 : process.memoryUsage().rss / 2 ** 20,
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** A process that decodes, begun anew after a crash or a hang. */
class Decoder {
  private process: ChildProcess | null = null;
  private heard: ((answer: Answer | null) => void) | null = null;

  async ask(path: string): Promise<Answer | 'crash' | 'hang'> {
    const child = (this.process ??= this.begin());
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, mostMilliseconds);
    const answer = await new Promise<Answer | null>((resolve) => {
      this.heard = resolve;
      child.stdin!.write(`${path}\n`);
    });
    clearTimeout(timer);
    return answer ?? (late ? 'hang' : 'crash');
  }

  /** For a peak of memory of its own. */
  renew(): void {
    this.process?.stdin!.end();
    this.process = null;
  }

  private begin(): ChildProcess {
    const script = `require(${JSON.stringify(join(process.cwd(), '.cache/bench/fuzz-files.cjs'))}).answerPaths()`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => this.heard?.(JSON.parse(line) as Answer));
    child.stdin.on('error', () => undefined);
    child.on('exit', () => {
      if (this.process !== child) return;
      this.process = null;
      this.heard?.(null);
    });
    return child;
  }
}

function noise(random: Random, width: number, height: number, channels: 1 | 3 | 4) {
  const data = Buffer.from(Array.from({ length: width * height * channels }, (_, i) => (i + random(40)) & 255));
  const picture = sharp(data, { raw: { width, height, channels } });
  return channels === 1 ? picture.toColourspace('b-w') : picture;
}

const matching = (ending: RegExp) =>
  readdirSync(fixtures)
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(join(fixtures, name)));

/** Sound files of a kind, small, each of another make. */
const seeds: Readonly<Record<string, (random: Random) => Promise<Buffer[]>>> = {
  png: async (random) => [
    ...matching(/\.png$/),
    await noise(random, 33, 20, 4).png({ palette: true }).toBuffer(),
    await noise(random, 33, 20, 3).toColourspace('rgb16').png({ progressive: true }).toBuffer(),
  ],
  jpg: async (random) => [
    ...matching(/\.jpg$/),
    await noise(random, 40, 30, 3).withIccProfile('p3').jpeg({ progressive: true }).toBuffer(),
    await noise(random, 40, 30, 3).toColourspace('cmyk').jpeg().toBuffer(),
  ],
  webp: async (random) => [
    await noise(random, 40, 30, 3).withMetadata().webp().toBuffer(),
    await noise(random, 40, 30, 4).webp({ lossless: true }).toBuffer(),
  ],
  avif: async (random) => [...matching(/\.avif$/), await noise(random, 40, 30, 4).avif({ effort: 0 }).toBuffer()],
  gif: async (random) => [await noise(random, 40, 30, 4).gif().toBuffer()],
  tif: async (random) => [
    ...matching(/\.tif$/),
    await noise(random, 40, 30, 3).tiff({ compression: 'lzw', predictor: 'horizontal' }).toBuffer(),
    await noise(random, 40, 30, 3).tiff({ compression: 'jpeg' }).toBuffer(),
    await noise(random, 40, 30, 1).tiff({ compression: 'ccittfax4', bitdepth: 1 }).toBuffer(),
    await noise(random, 40, 30, 3).toColourspace('scrgb').tiff({ compression: 'deflate', tile: true }).toBuffer(),
  ],
  // What LWay reads by itself.
  'own.tif': async () => matching(/^(zstd|tiled-planar|lab8)\.tif$/),
  psd: async (random) => {
    const data = new Uint8ClampedArray(24 * 16 * 4).map((_, i) => (i % 4 === 3 ? 255 : random(256)));
    const imageData = { width: 24, height: 16, data };
    return [
      writePsdBuffer({ width: 24, height: 16, imageData }),
      writePsdBuffer({ width: 24, height: 16, imageData, children: [{ name: 'a', imageData }] }, { psb: true }),
    ];
  },
  bmp: async (random) => {
    const file = Buffer.alloc(54 + 32 * 10 * 3);
    file.write('BM');
    for (const [at, value] of [
      [10, 54],
      [14, 40],
      [18, 32],
      [22, 10],
    ] as const)
      file.writeInt32LE(value, at);
    file.writeUInt16LE(24, 28);
    for (let i = 54; i < file.length; i++) file[i] = random(256);
    return [file];
  },
  ppm: async (random) => [
    Buffer.concat([Buffer.from('P6 # note\n20 10 255\n'), Buffer.from(Array.from({ length: 600 }, () => random(256)))]),
    Buffer.from(`P3 4 4 65535\n${Array.from({ length: 48 }, () => random(65536)).join(' ')}`),
    Buffer.from('P4 9 3\n\x55\x55\x55\x55\x55\x55', 'latin1'),
  ],
  tga: async (random) => {
    const head = Buffer.alloc(18);
    head[2] = 10;
    head.writeUInt16LE(16, 12);
    head.writeUInt16LE(8, 14);
    head[16] = 24;
    const packets = Array.from({ length: 8 }, () => [
      0x87,
      random(256),
      random(256),
      random(256),
      0x07,
      ...Array.from({ length: 24 }, () => random(256)),
    ]);
    return [Buffer.concat([head, Buffer.from(packets.flat())])];
  },
  svg: async () => [
    Buffer.from(
      `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"><defs><linearGradient id="a"><stop offset="0" stop-color="red"/></linearGradient><filter id="f"><feGaussianBlur stdDeviation="3"/></filter></defs><g filter="url(#f)"><rect width="20" height="20" fill="url(#a)"/><use href="#b"/></g><path id="b" d="M0 0L9 9C1 2 3 4 5 6z"/><text x="3" y="9">a</text></svg>`,
    ),
  ],
};

/** Changed so that more than the first check of the format sees it: half of the PNGs with right checksums, drawings as text. */
function changed(random: Random, kind: string, sound: Buffer, others: readonly Buffer[]): Buffer {
  if (kind === 'svg') return Buffer.from(mutateText(random, sound.toString('latin1')), 'latin1');
  const bytes = mutate(random, sound, others);
  return kind === 'png' && random(2) === 0 ? withChecksums(bytes) : bytes;
}

/** Chunks as far as their lengths lead, each with the sum of what it holds now. */
function withChecksums(png: Buffer): Buffer {
  const parts = [png.subarray(0, 8)];
  let at = 8;
  while (at + 12 <= png.length) {
    const length = png.readUInt32BE(at);
    if (at + 12 + length > png.length) break;
    parts.push(
      writeChunk({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) }),
    );
    at += 12 + length;
  }
  return Buffer.concat([...parts, png.subarray(at)]);
}

async function run(kind: string): Promise<Cell[][]> {
  mkdirSync(kept, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'lway-fuzz-'));
  const count = { read: 0, refused: 0, crashed: 0, hung: 0, other: 0 };
  let [slowest, most] = [0, 0];
  try {
    const sound = await seeds[kind]!(generator(1));
    const decoder = new Decoder();
    const first = join(folder, `sound.${kind}`);
    writeFileSync(first, sound.at(-1)!);
    const whole = await decoder.ask(first);
    if (typeof whole === 'string' || whole.outcome !== 'read') throw new Error(`The sound ${kind} is not read.`);
    for (let seed = 0; seed < perKind; seed++) {
      const random = generator(seed * 31 + kind.length);
      const bytes = changed(random, kind, sound[seed % sound.length]!, sound);
      const path = join(folder, `input.${kind}`);
      writeFileSync(path, bytes);
      const answer = await decoder.ask(path);
      const keep = (why: string) => {
        writeFileSync(join(kept, `${seed}-${why}.${kind}`), bytes);
        process.stderr.write(`${kind} ${seed}: ${typeof answer === 'string' ? answer : JSON.stringify(answer)}\n`);
      };
      if (typeof answer === 'string') {
        count[answer === 'crash' ? 'crashed' : 'hung']++;
        keep(answer);
        continue;
      }
      slowest = Math.max(slowest, answer.milliseconds);
      if (answer.megabytes > Math.max(mostMegabytes, most)) keep('memory');
      most = Math.max(most, answer.megabytes);
      if (answer.outcome === 'read') count.read++;
      else if (['bad-image', 'unsupported', 'too-large'].includes(answer.outcome)) count.refused++;
      else {
        count.other++;
        keep('other');
      }
    }
    decoder.renew();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { read, refused, crashed, hung, other } = count;
  return [
    [kind, perKind, read, refused, crashed, hung, other, `${(slowest / 1000).toFixed(1)} s`, `${Math.round(most)} MB`],
  ];
}

export default {
  title: 'Damaged files',
  about: `Files of every kind that LWay reads, changed at random (cut, bits flipped, sizes changed, pieces moved), through the command line's decoder in a process of its own: ${perKind} of each kind (\`LWAY_FUZZ\` sets another number), the same ones every time. Each must be read, or refused in a sentence: no crash, nothing over ${mostMilliseconds / 1000} seconds, no more than ${mostMegabytes} MB. What does otherwise is kept in ${kept}.`,
  head: ['kind', 'inputs', 'read', 'refused', 'crashed', 'hung', 'other errors', 'slowest', 'most memory'],
  parts: Object.keys(seeds),
  run,
} satisfies Bench;

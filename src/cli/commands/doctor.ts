import { availableParallelism, release, totalmem } from 'node:os';
import type { Command } from 'commander';
import sharp from 'sharp';
import {
  createRaster,
  type Device,
  LWayError,
  type Network,
  type Raster,
  sourceOf,
  SpillingTileStore,
  toPlainError,
} from '../../engine';
import { createNodeEngine, env } from '../../engine/node';
import { exitCode } from '../exit-codes';
import { columns, fileSize } from '../output/text';
import { openNetworks } from '../networks';
import type { Environment } from '../environment';
import { userFolder } from '../user-folder';

interface Check {
  name: string;
  works: boolean;
  /** What works, or what is wrong and what to do. */
  detail: string;
}

interface Diagnosis {
  lway: string;
  node: string;
  system: string;
  cores: number;
  memory: number;
  onnxRuntime: string;
  libvips: string;
  userFolder: string;
  networks: Check[];
  devices: (Check & { device: Device; seconds?: number })[];
}

export function addDoctor(program: Command, environment: Environment, finish: (code: number) => void): void {
  program
    .command('doctor')
    .summary('show what works on this machine')
    .description('Tries every device and network of this machine with a small picture and says what works.')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const result = await diagnose(environment);
      environment.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : format(result));
      const usable = result.devices.some(({ works }) => works) && result.networks.some(({ works }) => works);
      finish(usable ? exitCode.ok : exitCode.cannotStart);
    });
}

async function diagnose(environment: Environment): Promise<Diagnosis> {
  const { networks, network } = await checkNetworks(environment);
  const devices: Diagnosis['devices'] = [];
  let reference: Raster | null = null;
  for (const device of ['cpu', 'webgpu'] as const) {
    const tried = await tryDevice(environment.signal, device, network, reference);
    if (tried.result) reference ??= tried.result;
    devices.push(tried.check);
  }
  return {
    lway: environment.version,
    node: process.version,
    system: `${process.platform} ${process.arch}, ${release()}`,
    cores: availableParallelism(),
    memory: totalmem(),
    onnxRuntime: env.versions.node ?? 'unknown',
    libvips: sharp.versions.vips,
    userFolder: userFolder(environment),
    networks,
    devices,
  };
}

async function checkNetworks(environment: Environment): Promise<{ networks: Check[]; network: Network | null }> {
  const networks: Check[] = [];
  let network: Network | null = null;
  try {
    const all = await openNetworks(environment);
    for (const { entry, standard } of all.list()) {
      try {
        const loaded = await all.find(environment.signal, entry.id, environment.cwd);
        if (standard || !network) network = loaded;
        networks.push({ name: entry.id, works: true, detail: `×${entry.scale}, ${fileSize(entry.bytes)}, undamaged` });
      } catch (error) {
        networks.push({ name: entry.id, works: false, detail: sentence(error) });
      }
    }
  } catch (error) {
    networks.push({ name: 'models.json', works: false, detail: sentence(error) });
  }
  return { networks, network };
}

const side = 32;

/** A gradient with a grid on it: neither constant nor noise, so that a device that computes wrongly shows. */
function testPicture(): Raster {
  const picture = createRaster(side, side, 3);
  for (let i = 0; i < picture.data.length; i++) {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    picture.data[i] = (x % 8 === 0 || y % 8 === 0 ? 0.1 : 0.3) + x / 64;
  }
  return picture;
}

async function tryDevice(
  signal: AbortSignal,
  device: Device,
  network: Network | null,
  reference: Raster | null,
): Promise<{ check: Diagnosis['devices'][number]; result?: Raster }> {
  const name = device === 'cpu' ? 'CPU' : 'WebGPU';
  if (!network)
    return { check: { device, name, works: false, detail: 'Not tried: there is no network to try it with.' } };
  const engine = createNodeEngine();
  const store = new SpillingTileStore({ memory: 2 ** 26 });
  try {
    const source = sourceOf(testPicture(), { bitDepth: 32 });
    const started = performance.now();
    const { deviceName } = await engine.upscale(signal, source, store, {
      network,
      size: { scale: network.entry.scale },
      device,
    });
    const seconds = (performance.now() - started) / 1000;
    const { width, height } = store.info;
    const result = await store.read(signal, { x: 0, y: 0, width, height });
    const far = reference ? largestDifference(reference, result) : 0;
    if (far > 0.01) {
      throw new LWayError('bad-output', `Its results are wrong by up to ${far.toFixed(3)}.`, 'Update its driver.');
    }
    return { check: { device, name, works: true, detail: deviceName, seconds }, result };
  } catch (error) {
    if (signal.aborted) throw error;
    return { check: { device, name, works: false, detail: sentence(error) } };
  } finally {
    await store.dispose();
    await engine.dispose();
  }
}

function largestDifference(a: Raster, b: Raster): number {
  let most = 0;
  for (let i = 0; i < a.data.length; i++) most = Math.max(most, Math.abs(a.data[i]! - b.data[i]!));
  return most;
}

function sentence(error: unknown): string {
  const { message, advice } = toPlainError(error);
  return `${message} ${advice}`;
}

function format(result: Diagnosis): string {
  const mark = ({ works }: Check) => (works ? 'ok' : '--');
  const time = (seconds?: number) =>
    seconds === undefined ? '' : ` (${seconds.toFixed(1)} s for the first small tile)`;
  return [
    columns([
      ['LWay', result.lway],
      ['Node', `${result.node} on ${result.system}`],
      ['Machine', `${result.cores} cores, ${fileSize(result.memory)} memory`],
      ['ONNX Runtime', result.onnxRuntime],
      ['libvips', result.libvips],
      ['Your files', result.userFolder],
    ]),
    '\nDevices\n',
    columns(result.devices.map((each) => [`  ${mark(each)}`, each.name, each.detail + time(each.seconds)])),
    '\nNetworks\n',
    columns(result.networks.map((each) => [`  ${mark(each)}`, each.name, each.detail])),
  ].join('');
}

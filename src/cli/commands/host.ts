import type { Command } from 'commander';
import { resultSize } from '../../actions/size';
import type { AdaptLevel } from '../../actions/settings';
import { adaptJob } from '../../engine/adapt-job';
import { createNodeEngine } from '../../engine/engine.node';
import { toPlainError } from '../../engine/errors';
import { createTileStore } from '../../engine/raster/store/tile-store.node';
import type { Device } from '../../engine/runtime/runtime';
import type { Destination, EditorHost } from '../../hosts/host';
import { exitCode } from '../exit-codes';
import { openNetworks } from '../networks';
import {
  chosenSize,
  parseAdapt,
  parseCrispness,
  parseDevice,
  parseScale,
  parseSize,
  parseStrength,
  parseTile,
} from '../options';
import { createReporter } from '../output/create-reporter';
import type { Surroundings } from '../surroundings';

export interface HostFlags {
  scale?: number;
  size?: { width: number; height: number };
  model?: string;
  crispness?: number;
  adapt?: AdaptLevel;
  strength?: number;
  selection?: boolean;
  newImage?: boolean;
  device: 'auto' | Device;
  tile?: number;
  json?: boolean;
  quiet?: boolean;
}

/** The options that every editor's command has. */
export function addHostOptions(command: Command): Command {
  return command
    .option('--scale <factor>', 'result size as a factor, 1 to 8 (default: 4)', parseScale)
    .option('--size <WxH>', 'the largest result with the same proportions that fits into W×H pixels', parseSize)
    .option('--model <id|file>', 'network: an id from "lway models", or an .onnx file')
    .option(
      '--crispness <number>',
      '0 its faithful form … 1 its crisp one (default: the network as it is)',
      parseCrispness,
    )
    .option('--adapt <level>', 'adapt the network first: off, quick, standard (default) or thorough', parseAdapt)
    .option('--strength <number>', '0 the network as it was … 1 fully adapted (default: 1)', parseStrength)
    .option('--selection', 'only what is selected, instead of the whole layer')
    .option('--new-image', 'open the result as a new image, instead of a new layer in the enlarged one')
    .option('--device <device>', 'auto, webgpu or cpu', parseDevice, 'auto')
    .option('--tile <pixels>', 'side of a tile in pixels of the layer', parseTile)
    .option('--json', 'one JSON object per line on standard output')
    .option('-q, --quiet', 'nothing but errors');
}

/**
 * Upscales the active layer, or what is selected of it, of an editor that this process reaches.
 * @returns the exit code
 */
export async function upscaleInHost(surroundings: Surroundings, host: EditorHost, flags: HostFlags): Promise<number> {
  const { signal, cwd } = surroundings;
  const size = chosenSize(flags, 4);
  const networks = await openNetworks(surroundings);
  const model = await networks.find(signal, flags.model, cwd, flags.device, flags.crispness);
  const level = flags.adapt ?? networks.usualAdaptation();
  const { strength = 1, device, tile } = flags;
  const adapt = level === 'off' ? undefined : { level, strength, models: await networks.adaptation(model.entry) };
  const destination: Destination = flags.newImage ? 'document' : 'layer';

  const reporter = createReporter(surroundings, flags);
  const started = performance.now();
  const engine = createNodeEngine({ adapt: adaptJob });
  const store = createTileStore();
  reporter.begin(1);
  let failed = 0;
  let input = host.name;
  try {
    const target = await host.open(signal, flags.selection ? 'region' : 'layer');
    try {
      input = target.layerName;
      reporter.fileBegins(1, input);
      const { width, height } = target.source.info;
      const result = resultSize(size, width, height);
      host.check(target, destination, result.width, result.height);
      const options = { model, size: result, device, tile, adapt, onEvent: reporter.event.bind(reporter) };
      const report = await engine.upscale(signal, target.source, store, options);
      const factor = Math.round((result.width / width) * 100) / 100;
      const layerName = `${target.layerName} ×${factor}`;
      await host.commit(signal, { target, destination, result: store, layerName });
      const seconds = (performance.now() - started) / 1000;
      reporter.fileDone({ ...report, seconds, input, output: `${host.name}: ${layerName}` });
    } finally {
      await target.close();
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    reporter.fileFailed(input, toPlainError(error));
    failed = 1;
  } finally {
    await store.dispose();
    await engine.dispose();
    reporter.end({ succeeded: 1 - failed, failed, skipped: 0, seconds: (performance.now() - started) / 1000 });
  }
  return failed ? exitCode.failed : exitCode.ok;
}

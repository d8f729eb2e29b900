import { resultSize } from '../actions/size';
import { defaultSettings, type UpscaleSettings } from '../actions/settings';
import type { EngineEvent } from '../engine';
import { createNodeEngine, createTileStore } from '../engine/node';
import type { EditorHost } from '../hosts/host';
import { knownFactor } from './asked-size';
import { openNetworks } from './networks';
import type { Environment } from './environment';

/**
 * Upscales the active layer, or what is selected of it, of an editor that this process reaches.
 *
 * @param settings null: none have been used yet
 * @throws LWayError what went wrong; the signal's reason
 */
export async function upscaleInHost(
  environment: Environment,
  host: EditorHost,
  settings: UpscaleSettings | null,
  onEvent: (event: EngineEvent) => void,
): Promise<void> {
  const { signal, cwd } = environment;
  onEvent({ type: 'phase', phase: 'preparing' });
  const {
    model: id,
    size,
    target: wanted,
    destination,
    adapt: level,
    strength,
    detail,
    noise,
    blur,
  } = settings ?? defaultSettings;
  // What the panel would do: where nothing is selected, the layer.
  const region = wanted === 'region' && Boolean((await host.describe(signal))?.selection);
  const networks = await openNetworks(environment);
  const network = await networks.find(signal, id, cwd, knownFactor(size));
  const tuning = await networks.tuning(network.entry, { detail, noise, blur });
  const adapt = level === 'off' ? undefined : { level, strength, networks: await networks.adaptation(network.entry) };
  const engine = createNodeEngine();
  const store = createTileStore();
  try {
    const target = await host.open(signal, region ? 'region' : 'layer');
    try {
      const { width, height } = target.source.info;
      const result = resultSize(size, width, height);
      target.check(destination, result.width, result.height);
      const options = { network, size: result, device: 'auto', tuning, adapt, onEvent } as const;
      await engine.upscale(signal, target.source, store, options);
      onEvent({ type: 'phase', phase: 'writing' });
      const factor = Math.round((result.width / width) * 100) / 100;
      await target.commit(signal, { destination, result: store, layerName: `${target.layerName} ×${factor}` });
    } finally {
      await target.close();
    }
  } finally {
    await store.dispose();
    await engine.dispose();
  }
}

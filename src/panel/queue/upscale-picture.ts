import { resultSize } from '../../actions/size';
import type { UpscaleSettings } from '../../actions/settings';
import { type EngineEvent, LWayError, type PixelSource, type TileStore } from '../../engine';
import { suited } from '../network-styles';
import type { NetworkChoice, PanelServices } from '../services';

/**
 * Upscales a picture by itself, step after step, without an editor.
 *
 * @returns the result, to be disposed of
 */
export async function upscalePicture(
  signal: AbortSignal,
  { engine, networks, createStore }: Pick<PanelServices, 'engine' | 'networks' | 'createStore'>,
  choices: readonly NetworkChoice[],
  steps: readonly UpscaleSettings[],
  picture: PixelSource,
  onEvent: (event: EngineEvent, step: number) => void,
): Promise<TileStore> {
  let result: TileStore | null = null;
  for (const [i, step] of steps.entries()) {
    const source: PixelSource = result ?? picture;
    const store = createStore();
    try {
      const { width, height } = source.info;
      const settings = suited(step, choices, source.info);
      const size = resultSize(settings.size, width, height);
      const network = await networks.load(signal, settings.model);
      const tuning = await networks.tuning(signal, network.entry, settings);
      const helpers = settings.adapt === 'off' ? null : await networks.adaptation(signal, network.entry);
      if (typeof helpers === 'string') {
        throw new LWayError('unsupported', helpers, 'Set “Match to this picture” to Off.');
      }
      const { adapt: level, strength } = settings;
      await engine.upscale(signal, source, store, {
        network,
        size: 'scale' in settings.size ? settings.size : size,
        device: 'auto',
        tuning,
        adapt: helpers && level !== 'off' ? { level, strength, networks: helpers } : undefined,
        onEvent: (event) => onEvent(event, i),
      });
    } catch (error) {
      await store.dispose();
      await result?.dispose();
      throw error;
    }
    await result?.dispose();
    result = store;
  }
  if (!result) throw new LWayError('bad-option', 'These steps are empty.', 'Choose other steps.');
  return result;
}

import { keptSettings } from '../actions/steps';
import type { UpscaleSettings } from '../actions/settings';
import type { SettingsStore } from './services';

const key = 'lway.settings.v1';

/** Settings in the page's own storage. Where there is none (private windows, some WebViews) they last for the visit. */
export class LocalSettings implements SettingsStore {
  async load(): Promise<Partial<UpscaleSettings> | null> {
    const text = globalThis.localStorage?.getItem(key);
    return text ? keptSettings(JSON.parse(text)) : null;
  }

  async save(settings: UpscaleSettings): Promise<void> {
    globalThis.localStorage?.setItem(key, JSON.stringify(settings));
  }
}

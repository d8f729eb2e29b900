import type { Bridge } from './bridge/bridge';

const key = 'lway.settings.v1';

/** Text that Photoshop keeps for the page, which has no storage of its own that lasts. */
export class BridgeSettings {
  constructor(private readonly bridge: Bridge) {}

  async load(): Promise<string | null> {
    const { value } = await this.bridge.request(new AbortController().signal, 'settings.get', { key });
    return typeof value === 'string' ? value : null;
  }

  async save(value: string): Promise<void> {
    await this.bridge.request(new AbortController().signal, 'settings.set', { key, value });
  }
}

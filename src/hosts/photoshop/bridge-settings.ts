import type { PhotoshopBridge } from './protocol';

const key = 'lway.settings.v1';

/** Text that Photoshop keeps for the page, which has no storage of its own that lasts. */
export class BridgeSettings {
  constructor(private readonly bridge: PhotoshopBridge) {}

  async load(): Promise<string | null> {
    const { value } = await this.bridge.request(new AbortController().signal, 'settings.get', { key });
    return value;
  }

  async save(value: string): Promise<void> {
    await this.bridge.request(new AbortController().signal, 'settings.set', { key, value });
  }
}

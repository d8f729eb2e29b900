import { parseSettings } from '../actions/steps';
import type { UpscaleSettings } from '../actions/settings';
import { fromPlainError, LWayError, type NetworkEntry, type PlainError } from '../engine';
import type { OwnNetworks } from './own-networks';
import type { SettingsStore } from './services';

/** Where the token stays while the window is open, reloads included. */
const key = 'lway.token';

/** The program on this machine that serves the page, and keeps for the person what a page cannot. */
export class ServedBy {
  private constructor(private readonly token: string) {}

  /**
   * Trades the ticket in the page's address for the token that all else takes.
   * @throws LWayError where the page was opened in another way
   */
  static async connect(): Promise<ServedBy> {
    const kept = sessionStorage.getItem(key);
    if (kept) return new ServedBy(kept);
    const ticket = location.hash.slice(1);
    const bytes = await post(new AbortController().signal, 'session', {}, ticket);
    const { token } = JSON.parse(new TextDecoder().decode(bytes)) as { token: string };
    sessionStorage.setItem(key, token);
    // Used up, and nothing for the history.
    history.replaceState(null, '', location.pathname);
    return new ServedBy(token);
  }

  /** @throws LWayError what the program says; the signal's reason */
  ask(signal: AbortSignal, name: string, body?: BodyInit): Promise<Uint8Array> {
    return post(signal, name, { 'X-LWay-Token': this.token }, body);
  }

  async json<T>(name: string, body?: BodyInit): Promise<T> {
    return JSON.parse(new TextDecoder().decode(await this.ask(new AbortController().signal, name, body))) as T;
  }

  /** Tells the program that the page is there; resolves when the program has gone. */
  async untilGone(): Promise<void> {
    try {
      const response = await fetch('api/alive', { method: 'POST', headers: { 'X-LWay-Token': this.token } });
      const reader = response.body!.getReader();
      while (!(await reader.read()).done);
    } catch {
      // Gone.
    }
  }
}

async function post(
  signal: AbortSignal,
  name: string,
  headers: Record<string, string>,
  body?: BodyInit,
): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(`api/${name}`, { method: 'POST', headers, body, signal });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const advice = 'Close this window, and open the panel from the editor’s menu again.';
    throw new LWayError('document-changed', 'The editor has stopped LWay.', advice, { cause });
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.ok) return bytes;
  throw fromPlainError(JSON.parse(new TextDecoder().decode(bytes)) as PlainError);
}

/** Settings in a file of the person's: "with last settings" finds them there. */
export class ServedSettings implements SettingsStore {
  constructor(private readonly by: ServedBy) {}

  async load(): Promise<Partial<UpscaleSettings> | null> {
    const settings = await this.by.json<object | null>('settings/load');
    return settings && parseSettings(settings);
  }

  async save(settings: UpscaleSettings): Promise<void> {
    await this.by.json('settings/save', JSON.stringify(settings));
  }
}

/** The person's networks, the same that the command line knows. */
export class ServedNetworks implements OwnNetworks {
  constructor(private readonly by: ServedBy) {}

  list(): Promise<NetworkEntry[]> {
    return this.by.json<NetworkEntry[]>('networks/list');
  }

  bytes(id: string): Promise<Uint8Array> {
    return this.by.ask(new AbortController().signal, 'networks/bytes', id);
  }

  async put(entry: NetworkEntry, bytes: Uint8Array): Promise<void> {
    const head = new TextEncoder().encode(`${JSON.stringify(entry)}\n`);
    await this.by.json('networks/put', new Blob([head, bytes as Uint8Array<ArrayBuffer>]));
  }

  async delete(id: string): Promise<void> {
    await this.by.json('networks/delete', id);
  }
}

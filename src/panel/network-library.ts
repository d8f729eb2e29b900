import {
  type AdaptationNetworks,
  adaptationNetworks,
  type Brought,
  type BroughtFile,
  checkNetwork,
  defaultId,
  findEntry,
  isEnd,
  loadEnds,
  loadEstimators,
  LWayError,
  type Network,
  type NetworkEntry,
  networkLimits,
  type NetworkRegistry,
  parseRegistry,
  type Speed,
  type Tuning,
  type TuningOptions,
} from '../engine';
import { withoutNetworkEnding } from '../ui/network-files';
import type { AssetLoader } from './assets';
import type { OwnNetworks } from './own-networks';
import type { NetworkChoice, NetworkLibrary } from './services';

/** Makes a network of a person's file and finds out how it wants its image, by trying it. */
export type TakeIn = (signal: AbortSignal, brought: Brought) => Promise<Network>;

const noAdaptation = 'This version of LWay came without the networks that matching needs.';

/** The networks beside the page and those that the person brought. */
export class PageNetworks implements NetworkLibrary {
  private registry: Promise<NetworkRegistry> | null = null;
  /** The last network that was loaded: most people use one. */
  private last: Network | null = null;
  /** By scale and start network. */
  private readonly helpers = new Map<string, Promise<AdaptationNetworks | string>>();

  constructor(
    private readonly assets: AssetLoader,
    private readonly own: OwnNetworks,
    private readonly takeIn: TakeIn,
    private readonly speed: () => Promise<Speed>,
  ) {}

  async list(signal: AbortSignal): Promise<readonly NetworkChoice[]> {
    const registry = await this.readRegistry(signal);
    const shipped = registry.models.filter((entry) => entry.kind === 'sr' && !isEnd(registry.models, entry));
    const speed = await this.speed();
    const first = defaultId(registry, speed === 'slow');
    shipped.sort((a, b) => Number(b.id === first) - Number(a.id === first));
    const own = await this.own.list().catch(() => []);
    return [
      ...shipped.map((entry) => ({
        entry,
        own: false,
        reason: entry.id === first ? reasonFor(registry, speed) : undefined,
      })),
      ...own.map((entry) => ({ entry, own: true })),
    ];
  }

  async load(signal: AbortSignal, id: string): Promise<Network> {
    if (this.last?.entry.id !== id) this.last = await this.read(signal, id);
    return this.last;
  }

  async tuning(signal: AbortSignal, entry: NetworkEntry, chosen: Partial<Tuning>): Promise<TuningOptions | undefined> {
    const { models } = await this.readRegistry(signal);
    const shipped = models.find(({ id, sha256 }) => id === entry.id && sha256 === entry.sha256);
    const load = (each: NetworkEntry) => this.loadShipped(signal, each);
    const ends = shipped && (await loadEnds(models, shipped, load));
    if (!ends) return undefined;
    const { detail = 'auto', noise = 'auto', blur = 'auto' } = chosen;
    const automatic = [detail, noise, blur].includes('auto');
    return {
      detail,
      noise,
      blur,
      ends,
      estimators: automatic ? await loadEstimators(models, load) : undefined,
    };
  }

  adaptation(signal: AbortSignal, entry: Pick<NetworkEntry, 'scale' | 'start'>): Promise<AdaptationNetworks | string> {
    const key = `${entry.scale} ${entry.start ?? ''}`;
    const known = this.helpers.get(key);
    if (known) return known;
    const loading = this.loadHelpers(signal, entry).catch((error: unknown) => {
      this.helpers.delete(key);
      throw error;
    });
    this.helpers.set(key, loading);
    return loading;
  }

  async whyNoAdaptation(signal: AbortSignal): Promise<string | null> {
    const { models } = await this.readRegistry(signal);
    return adaptationNetworks(models, { scale: 4 }) ? null : noAdaptation;
  }

  async add(signal: AbortSignal, name: string, bytes: Uint8Array, companion?: BroughtFile): Promise<NetworkChoice> {
    if (bytes.length + (companion?.bytes.length ?? 0) > networkLimits.pageBytes) {
      throw new LWayError(
        'bad-model',
        `"${name}" is larger than ${networkLimits.pageBytes / 2 ** 20} MB, too large for this window.`,
        'Choose a smaller network, or use the command line (lway models add).',
      );
    }
    const brought = { file: { name, bytes }, companion, name: withoutNetworkEnding(name) };
    const network = await this.takeIn(signal, brought);
    await this.own.put(network.entry, network.bytes);
    return { entry: network.entry, own: true };
  }

  async remove(id: string): Promise<void> {
    if (this.last?.entry.id === id) this.last = null;
    await this.own.delete(id);
  }

  private async read(signal: AbortSignal, id: string): Promise<Network> {
    const own = (await this.own.list().catch(() => [])).find((entry) => entry.id === id);
    if (own) {
      const bytes = await this.own.bytes(id);
      signal.throwIfAborted();
      return checkNetwork(own, bytes);
    }
    const registry = await this.readRegistry(signal);
    const entry = findEntry(registry, id === 'default' ? await this.defaultOf(registry) : id);
    return this.loadShipped(signal, entry);
  }

  private async defaultOf(registry: NetworkRegistry): Promise<string> {
    return defaultId(registry, (await this.speed()) === 'slow');
  }

  private async loadHelpers(
    signal: AbortSignal,
    entry: Pick<NetworkEntry, 'scale' | 'start'>,
  ): Promise<AdaptationNetworks | string> {
    const { models } = await this.readRegistry(signal);
    const entries = adaptationNetworks(models, entry);
    if (!entries) return noAdaptation;
    return {
      encoder: await this.loadShipped(signal, entries.encoder),
      reconstructor: await this.loadShipped(signal, entries.reconstructor),
      features: await this.loadShipped(signal, entries.features),
      readOut: entries.readOut && (await this.loadShipped(signal, entries.readOut)),
      start: entries.start && (await this.loadShipped(signal, entries.start)),
    };
  }

  private async loadShipped(signal: AbortSignal, entry: NetworkEntry): Promise<Network> {
    return checkNetwork(entry, await this.assets.load(signal, `models/${entry.file}`));
  }

  private readRegistry(signal: AbortSignal): Promise<NetworkRegistry> {
    this.registry ??= this.assets.load(signal, 'models/models.json').then(
      (bytes) => parseRegistry(new TextDecoder().decode(bytes)),
      (error: unknown) => {
        this.registry = null;
        throw error instanceof LWayError
          ? new LWayError('missing-model', 'The list of networks could not be loaded.', error.advice, { cause: error })
          : error;
      },
    );
    return this.registry;
  }
}

/** Why the first network of the list is the default here; nothing where it is so on every device. */
function reasonFor({ default: best, defaultWhereSlow, models }: NetworkRegistry, speed: Speed): string | undefined {
  if (defaultWhereSlow === undefined || defaultWhereSlow === best) return undefined;
  const name = (id: string) => models.find((entry) => entry.id === id)?.name ?? id;
  if (speed === 'slow') {
    return `Chosen because this window has neither a graphics card nor more than one thread: ${name(best)} looks better and takes several times as long.`;
  }
  return speed === 'gpu'
    ? undefined
    : `No graphics card can be used here: ${name(defaultWhereSlow)} is quicker, with calmer textures.`;
}

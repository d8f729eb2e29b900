import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { styleName, suitingFactor } from '../actions/network-style';
import type { AdaptLevel } from '../actions/settings';
import {
  type AdaptationNetworks,
  adaptationNetworks,
  checkNetwork,
  isEnd,
  type Knob,
  knobs,
  loadEnds,
  loadEstimators,
  LWayError,
  type Network,
  type NetworkEntry,
  type NetworkRegistry,
  nothingTunable,
  tunable,
  type Tuning,
  type TuningOptions,
} from '../engine';
import { loadNetwork, readRegistry, type SaidOfNetwork } from '../engine/node';
import { broughtNetwork, isNetworkFile } from './brought-network';
import { writeJson, writeWhole } from './files/json-file';
import { exists } from './files/workspace';
import type { Environment } from './environment';
import { userFolder } from './user-folder';

export interface ListedNetwork {
  entry: NetworkEntry;
  /** The person's own. */
  own: boolean;
  /** Taken where no network is named, on a GPU, and on the CPU. */
  standard: boolean;
}

/** The networks that came with LWay and those that the person added. */
export class Networks {
  constructor(
    private readonly shippedFolder: string,
    private readonly shipped: NetworkRegistry,
    private readonly ownFolder: string,
    private readonly own: NetworkRegistry,
  ) {}

  /** The default one first, then what came with LWay, then the person's own. */
  list(): ListedNetwork[] {
    const upscaling = (registry: NetworkRegistry, own: boolean) =>
      registry.models
        .filter((entry) => entry.kind === 'sr' && !isEnd(registry.models, entry))
        .map((entry) => ({
          entry,
          own,
          standard: !own && entry.id === registry.default,
        }));
    const shipped = upscaling(this.shipped, false).sort((a, b) => Number(b.standard) - Number(a.standard));
    return [...shipped, ...upscaling(this.own, true)];
  }

  /**
   * Loads a network: by id, by file, or the default one.
   * @param factor how much larger the results are to be, where that is known: of the default's style the network that suits
   * @throws LWayError `missing-model`, `bad-model`
   */
  async find(signal: AbortSignal, wanted: string | undefined, cwd: string, factor?: number): Promise<Network> {
    const named = wanted ?? 'default';
    return this.findOne(signal, named === 'default' ? this.defaultFor(factor) : named, cwd);
  }

  /**
   * What Detail, Noise and Blur need, as set or, left out, as suits the picture; undefined for a network that cannot be mixed.
   * @throws LWayError `bad-option` where one is set that means nothing to this network
   */
  async tuning(entry: NetworkEntry, set: Partial<Tuning>): Promise<TuningOptions | undefined> {
    const shipped = this.cameWithLWay(entry);
    const can = shipped ? tunable(shipped) : nothingTunable;
    const refused = knobs.find((knob) => set[knob] !== undefined && !can[knob]);
    if (refused) throw this.notTunable(entry, refused);
    if (!shipped) return undefined;
    const load = ({ id }: NetworkEntry) => loadNetwork(this.shippedFolder, this.shipped, id);
    const ends = await loadEnds(this.shipped.models, shipped, load);
    if (!ends) return undefined;
    return {
      detail: set.detail ?? 'auto',
      noise: set.noise ?? 'auto',
      blur: set.blur ?? 'auto',
      ends,
      estimators: await loadEstimators(this.shipped.models, load),
    };
  }

  /** The entry of a network that came with LWay, if it is one. */
  cameWithLWay(entry: NetworkEntry): NetworkEntry | undefined {
    return this.shipped.models.find(({ id, sha256 }) => id === entry.id && sha256 === entry.sha256);
  }

  private defaultFor(factor?: number): string {
    const id = this.shipped.default;
    if (factor === undefined) return id;
    const upscaling = this.shipped.models.filter(({ kind }) => kind === 'sr');
    const standard = upscaling.find((entry) => entry.id === id);
    if (!standard) return id;
    const style = upscaling.filter((entry) => styleName(entry) === styleName(standard));
    return suitingFactor(style, factor, ({ scale }) => scale).id;
  }

  private async findOne(signal: AbortSignal, id: string, cwd: string): Promise<Network> {
    if (isNetworkFile(id)) return broughtNetwork(signal, resolve(cwd, id));
    if (this.own.models.some((entry) => entry.id === id)) return loadNetwork(this.ownFolder, this.own, id);
    if (!this.shipped.models.some((entry) => entry.id === id && entry.kind === 'sr')) {
      throw new LWayError(
        'missing-model',
        `There is no network "${id}".`,
        `Choose one of: ${this.list()
          .map(({ entry }) => entry.id)
          .join(', ')}; or give a file (.onnx, .pth, .safetensors or .param).`,
      );
    }
    return loadNetwork(this.shippedFolder, this.shipped, id);
  }

  /** `standard` where the networks that adaptation needs are installed. */
  usualAdaptation(): AdaptLevel {
    return adaptationNetworks(this.shipped.models, { scale: 4 }) ? 'standard' : 'off';
  }

  /**
   * The networks that adapting `entry` needs.
   * @throws LWayError `missing-model` where one of them is not installed
   */
  async adaptation(entry: NetworkEntry): Promise<AdaptationNetworks> {
    const entries = adaptationNetworks(this.shipped.models, entry);
    if (!entries) {
      throw new LWayError('missing-model', 'The networks that adaptation needs are not here.', 'Use --adapt off.');
    }
    const load = ({ id }: NetworkEntry) => loadNetwork(this.shippedFolder, this.shipped, id);
    const [encoder, reconstructor, features] = [
      await load(entries.encoder),
      await load(entries.reconstructor),
      await load(entries.features),
    ];
    const readOut = entries.readOut && (await load(entries.readOut));
    const start = entries.start && (await load(entries.start));
    return { encoder, reconstructor, features, readOut, start };
  }

  /** Whether there is a network of this id; upper and lower case count as the same, as they do for files. */
  has(id: string): boolean {
    return [...this.shipped.models, ...this.own.models].some((entry) => entry.id.toLowerCase() === id.toLowerCase());
  }

  /** Copies a file among the person's own networks. @throws LWayError */
  async add(signal: AbortSignal, path: string, id: string, name?: string, said?: SaidOfNetwork): Promise<NetworkEntry> {
    checkId(id);
    if (this.has(id)) {
      throw new LWayError('bad-option', `There is already a network "${id}".`, 'Use --id to give it another id.');
    }
    const network = await broughtNetwork(signal, path, said);
    const entry = { ...network.entry, id, file: `${id}.onnx`, name: name ?? network.entry.name };
    await writeWhole(join(this.ownFolder, entry.file), network.bytes);
    this.own.models.push(entry);
    await this.save();
    return entry;
  }

  /**
   * Keeps a network that has been looked at elsewhere (in the panel), in place of an earlier one of the same id.
   * @throws LWayError `bad-model` where the bytes are not the entry's, `bad-option` where the id is taken
   */
  async keep(signal: AbortSignal, found: NetworkEntry, bytes: Uint8Array): Promise<void> {
    const { id } = found;
    checkId(id);
    if (this.shipped.models.some((entry) => entry.id === id)) {
      throw new LWayError('bad-option', `There is already a network "${id}".`, 'Give the file another name.');
    }
    const { entry } = await checkNetwork({ ...found, file: `${id}.onnx` }, bytes);
    signal.throwIfAborted();
    await writeWhole(join(this.ownFolder, entry.file), bytes);
    this.own.models.splice(0, this.own.models.length, ...this.own.models.filter((other) => other.id !== id), entry);
    await this.save();
  }

  /** @throws LWayError `missing-model` where the person has no such network */
  async remove(id: string): Promise<void> {
    const at = this.own.models.findIndex((entry) => entry.id === id);
    if (at < 0) {
      const shipped = this.shipped.models.some((entry) => entry.id === id);
      throw new LWayError(
        'missing-model',
        shipped ? `"${id}" came with LWay and stays.` : `You have added no network "${id}".`,
        'See "lway models" for the ones that are there.',
      );
    }
    const [entry] = this.own.models.splice(at, 1);
    await this.save();
    await rm(join(this.ownFolder, entry!.file), { force: true });
  }

  private notTunable({ id }: NetworkEntry, what: Knob): LWayError {
    const others = this.shipped.models.filter((entry) => tunable(entry)[what]).map((entry) => entry.id);
    return new LWayError(
      'bad-option',
      `The network "${id}" has no weights to mix: --${what} means nothing to it.`,
      others.length > 0 ? `Leave --${what} out, or choose one of: ${others.join(', ')}.` : `Leave --${what} out.`,
    );
  }

  private save(): Promise<void> {
    return writeJson(join(this.ownFolder, 'models.json'), this.own);
  }
}

export async function openNetworks(environment: Environment): Promise<Networks> {
  const shippedFolder = join(environment.root, 'models');
  const ownFolder = join(userFolder(environment), 'models');
  const shipped = await readRegistry(shippedFolder);
  const own = await readOwn(environment, ownFolder);
  return new Networks(shippedFolder, shipped, ownFolder, own);
}

/** Of an id, in characters. */
export const longestId = 64;

function checkId(id: string): void {
  if (id.length <= longestId && /^[a-z0-9][a-z0-9._-]*$/i.test(id) && id !== 'default' && !/\.onnx$/i.test(id)) return;
  throw new LWayError(
    'bad-option',
    `"${id}" cannot be an id.`,
    `Use --id with up to ${longestId} letters, digits, dots and dashes.`,
  );
}

/** The person's own networks. A list that is damaged is set aside: it must not keep what came with LWay from working. */
async function readOwn({ stderr }: Environment, folder: string): Promise<NetworkRegistry> {
  const path = join(folder, 'models.json');
  if (!(await exists(path))) return { version: 1, default: '', models: [] };
  try {
    return await readRegistry(folder);
  } catch (error) {
    const aside = `${path}.broken`;
    await rename(path, aside).catch(() => undefined);
    const why = error instanceof Error ? error.message : String(error);
    stderr.write(`Your own networks are left out, their list cannot be read: ${why} It now lies at "${aside}".\n`);
    return { version: 1, default: '', models: [] };
  }
}

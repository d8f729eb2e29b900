import type { UpscaleSettings } from '../actions/settings';
import type {
  AdaptationNetworks,
  BroughtFile,
  Engine,
  Network,
  NetworkEntry,
  TileStore,
  Tuning,
  TuningOptions,
} from '../engine';
import type { EditorHost } from '../hosts/host';

/** A network that the person can choose. */
export interface NetworkChoice {
  readonly entry: NetworkEntry;
  /** Brought by the person: can be removed again. */
  readonly own: boolean;
  /** Why it is taken where none is chosen; left out for all others. */
  readonly reason?: string;
}

/** The networks that came with LWay and those that the person added. */
export interface NetworkLibrary {
  /** SR networks, the default one first. */
  list(signal: AbortSignal): Promise<readonly NetworkChoice[]>;
  /**
   * @throws LWayError `missing-model`, `bad-model`
   */
  load(signal: AbortSignal, id: string): Promise<Network>;
  /** What Detail, Noise and Blur take, left out as suits the picture; undefined for a network that cannot be mixed. */
  tuning(signal: AbortSignal, entry: NetworkEntry, chosen: Partial<Tuning>): Promise<TuningOptions | undefined>;
  /** The networks that adapt `entry`; a sentence that says why it is not available where one is missing. */
  adaptation(signal: AbortSignal, entry: Pick<NetworkEntry, 'scale' | 'start'>): Promise<AdaptationNetworks | string>;
  /** Why there is no adaptation in this version; null where there is. The networks themselves are not loaded for that. */
  whyNoAdaptation(signal: AbortSignal): Promise<string | null>;
  /**
   * Finds out how a network wants its image, keeps it, as ONNX whatever it came as, and returns what was found.
   * @param name of the file, with its ending
   * @param companion the other file of an ncnn pair
   * @throws LWayError `bad-model` with the reason
   */
  add(signal: AbortSignal, name: string, bytes: Uint8Array, companion?: BroughtFile): Promise<NetworkChoice>;
  remove(id: string): Promise<void>;
}

/** Where the person's choices are kept between visits. */
export interface SettingsStore {
  load(): Promise<Partial<UpscaleSettings> | null>;
  save(settings: UpscaleSettings): Promise<void>;
}

/** What the panel wants to know of the queue: it keeps the engine busy. */
export interface QueueState {
  readonly working: boolean;
  /** Returns how to stop. */
  onChange(listener: () => void): () => void;
}

/** All that the panel works with; each entry (built-in editor, Photoshop…) joins its own. */
export interface PanelServices {
  readonly host: EditorHost;
  readonly engine: Engine;
  readonly networks: NetworkLibrary;
  readonly settings: SettingsStore;
  /** A home for a result while it is made. */
  createStore(): TileStore;
  /** Many pictures at once, where the page can read and write files. */
  readonly queue?: QueueState;
  /** The pixel of the document that the person points at, where the page knows. */
  pointed?(): { x: number; y: number } | null;
  /** Gives the person a file, where the page can. */
  saveFile?(name: string, bytes: Uint8Array): void;
}

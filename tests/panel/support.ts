import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { defaultSettings, type UpscaleSettings } from '../../src/actions/settings';
import type { AdaptationNetworks, Engine, UpscaleOptions, UpscaleReport } from '../../src/engine/contract';
import { createNodeEngine } from '../../src/engine/node';
import type { Network } from '../../src/engine/network/registry';
import type { PixelSink, PixelSource } from '../../src/engine/raster/raster';
import { SpillingTileStore } from '../../src/engine/raster/store/tile-store';
import { EmbeddedHost } from '../../src/hosts/embedded/embedded-host';
import { PackedPixels } from '../../src/hosts/shared/pixels';
import { Workspace } from '../../src/hosts/embedded/workspace';
import { PanelController } from '../../src/panel/controller';
import type { PanelServices, SettingsStore } from '../../src/panel/services';
import { tinyModel } from '../engine/upscaling/tiny-networks';

export const never = new AbortController().signal;

/** What Lit's elements are for a controller, without a page. */
export class FakeElement implements ReactiveControllerHost {
  updates = 0;
  readonly updateComplete = Promise.resolve(true);
  private readonly controllers: ReactiveController[] = [];
  addController(controller: ReactiveController): void {
    this.controllers.push(controller);
  }
  removeController(): void {}
  /** As Lit does when the element comes into a page. */
  connect(): void {
    for (const controller of this.controllers) controller.hostConnected?.();
  }
  requestUpdate(): void {
    this.updates += 1;
  }
}

export class MemorySettings implements SettingsStore {
  constructor(public saved: Partial<UpscaleSettings> | null = null) {}
  async load() {
    return this.saved;
  }
  async save(settings: UpscaleSettings) {
    this.saved = settings;
  }
}

/** The real engine, with a word to be said by the test before each upscale. */
export class WatchedEngine implements Engine {
  readonly calls: UpscaleOptions[] = [];
  private readonly engine = createNodeEngine();

  constructor(
    private readonly before: (signal: AbortSignal, options: UpscaleOptions) => Promise<void> = async () => {},
  ) {}

  async upscale(
    signal: AbortSignal,
    source: PixelSource,
    sink: PixelSink,
    options: UpscaleOptions,
  ): Promise<UpscaleReport> {
    this.calls.push(options);
    await this.before(signal, options);
    signal.throwIfAborted();
    return this.engine.upscale(signal, source, sink, { ...options, device: 'cpu' });
  }

  dispose(): Promise<void> {
    return this.engine.dispose();
  }
}

/** The built-in editor with a picture, the real engine on the CPU and a tiny ×2 network. */
export async function createServices(changes: Partial<PanelServices> = {}) {
  const workspace = new Workspace();
  const stores: SpillingTileStore[] = [];
  const createStore = () => {
    const store = new SpillingTileStore({ memory: 1 << 24 });
    stores.push(store);
    return store;
  };
  const data = Uint8Array.from({ length: 20 * 14 * 3 }, (_, i) => 128 + 90 * Math.sin(i / 13));
  workspace.add(
    'picture.png',
    'Background',
    new PackedPixels({ width: 20, height: 14, channels: 3, bitDepth: 8, encoding: 'display' }, data),
    { metadata: { xmp: 'Grüße' } },
  );
  const network: Network = await tinyModel();
  const settings = new MemorySettings({ ...defaultSettings, size: { scale: 2 }, adapt: 'off' });
  const services: PanelServices = {
    host: new EmbeddedHost(workspace, createStore),
    engine: new WatchedEngine(),
    networks: {
      list: async () => [{ entry: network.entry, own: false }],
      load: async () => network,
      tuning: async () => undefined,
      adaptation: async () => 'Adaptation is not part of this test.',
      whyNoAdaptation: async () => 'Adaptation is not part of this test.',
      add: () => Promise.reject(new Error('not asked for')),
      remove: () => Promise.reject(new Error('not asked for')),
    },
    settings,
    createStore,
    ...changes,
  };
  return { services, workspace, stores, settings, network };
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Controllers for a file of tests; all in `open` are ended after each test. */
export function controllers() {
  const open: PanelController[] = [];
  afterEach(async () => {
    for (const controller of open.splice(0)) {
      controller.hostDisconnected();
      await controller.services.engine.dispose();
    }
  });
  /** One that knows its networks and whether there is adaptation. */
  const start = async (changes: Partial<PanelServices> = {}) => {
    const made = await createServices(changes);
    const element = new FakeElement();
    const controller = new PanelController(element, made.services);
    open.push(controller);
    element.connect();
    await until(() => controller.state.networks !== undefined && controller.state.noAdaptation !== null);
    return { ...made, element, controller };
  };
  /** One whose engine says that it learns, with networks for it. */
  const startLearning = async (engine = new LearningEngine()) => {
    const made = await createServices({ engine });
    const adaptation = async () => ({}) as AdaptationNetworks;
    const networks = { ...made.services.networks, adaptation, whyNoAdaptation: async () => null };
    const controller = new PanelController(new FakeElement(), { ...made.services, networks });
    open.push(controller);
    controller.hostConnected();
    await controller.ready;
    controller.change({ adapt: 'quick', strength: 1 });
    return { ...made, engine, controller };
  };
  return { open, start, startLearning };
}

/** Learns nothing, but says that it has: the weights are the network's own. */
export class LearningEngine extends WatchedEngine {
  override async upscale(...[signal, source, sink, { adapt, ...options }]: Parameters<WatchedEngine['upscale']>) {
    const report = await super.upscale(signal, source, sink, { ...options, onEvent: options.onEvent });
    this.calls.at(-1)!.adapt = adapt;
    if (!adapt) return report;
    const adaptation = {
      used: true,
      steps: 5,
      improvement: 0.1,
      message: '',
      seconds: 1,
      weights: options.network.bytes,
    };
    return { ...report, adaptation };
  }
}

/** An upscale that waits inside the engine until `go` is called, or it is cancelled. */
export function waiting() {
  let go = () => {};
  const engine = new WatchedEngine(
    (signal) =>
      new Promise((resolve, reject) => {
        go = resolve;
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
  );
  return { engine, go: () => go() };
}

import type { UpscaleSettings } from '../actions/settings';
import { fromRecorded, keptSettings, toRecorded } from '../actions/steps';
import { LWayError } from '../engine';
import { createTileStore, WorkerEngine } from '../engine/browser';
import { Bridge, abortError } from '../hosts/photoshop/bridge/bridge';
import { BridgeSettings } from '../hosts/photoshop/bridge-settings';
import { PackedAssets } from '../hosts/photoshop/packed-assets';
import { pageChannel } from '../hosts/photoshop/page-channel';
import { PhotoshopHost } from '../hosts/photoshop/photoshop-host';
import type { PhotoshopBridge, PlayProgress } from '../hosts/photoshop/protocol';
import { Diagnostics } from '../hosts/photoshop/ui/diagnostics';
import { StepBar } from '../hosts/photoshop/ui/step-bar';
import type { PanelController } from '../panel/controller';
import { Panel } from '../panel/elements/panel';
import type { SettingsStore } from '../panel/services';
import { applyTokens } from '../ui/tokens';
import { phaseName } from '../panel/messages';
import { networksOfPage } from './parts.page';

/** In a dialog of its own, which closes when its one job is done, instead of the panel. */
const inDialog = new URLSearchParams(location.search).get('role') === 'dialog';

/** The person's settings, kept by Photoshop; those of a recorded step are shown, but not kept. */
class PhotoshopSettings implements SettingsStore {
  /** While a recorded step is played. */
  paused = false;

  constructor(private readonly kept: BridgeSettings) {}

  async load(): Promise<Partial<UpscaleSettings> | null> {
    const text = await this.kept.load();
    return text ? keptSettings(JSON.parse(text)) : null;
  }

  async save(settings: UpscaleSettings): Promise<void> {
    if (!this.paused) await this.kept.save(JSON.stringify(settings));
  }
}

/** Joins Photoshop with the panel and the engine. */
async function start(): Promise<void> {
  applyTokens();
  const channel = pageChannel(window);
  if (!channel) {
    document.body.append('This page is part of the LWay plugin: open it in Photoshop with Plugins > LWay.');
    return;
  }
  const assets = new PackedAssets(document);
  const never = new AbortController().signal;
  const code = await assets.load(never, 'engine.worker.js');
  const url = URL.createObjectURL(new Blob([code as BlobPart], { type: 'text/javascript' }));

  // From here on without a pause: the bridge announces the page, and what is asked of it then must find its handler.
  const bridge: PhotoshopBridge = new Bridge(channel, { role: 'page' });
  bridge.on('theme', (theme) => (document.documentElement.dataset.theme = theme === 'light' ? 'light' : 'dark'));
  const engine = new WorkerEngine({
    createWorker: () => new Worker(url),
    files: async (build) => {
      const name = build === 'webgpu' ? 'ort-wasm-simd-threaded.asyncify' : 'ort-wasm-simd-threaded';
      return { binary: await assets.load(never, `ort/${name}.wasm`) };
    },
  });

  const finished = new Set<(settings: UpscaleSettings) => void>();
  const panel = new Panel();
  const host = new PhotoshopHost(
    bridge,
    (settings) => {
      for (const listener of [...finished]) listener(settings as UpscaleSettings);
      return toRecorded(settings as UpscaleSettings);
    },
    (message) => panel.controller?.notice(message),
  );
  const settings = new PhotoshopSettings(new BridgeSettings(bridge));
  panel.services = {
    host,
    engine,
    networks: networksOfPage(engine, assets),
    settings,
    createStore: () => createTileStore(),
  };
  document.body.append(panel);
  const controller = panel.controller!;

  /** The next upscale that the person finishes. */
  const nextFinished = (signal: AbortSignal) =>
    new Promise<UpscaleSettings>((resolve, reject) => {
      const listener = (used: UpscaleSettings) => {
        finished.delete(listener);
        resolve(used);
      };
      finished.add(listener);
      signal.addEventListener('abort', () => {
        finished.delete(listener);
        reject(signal.reason ?? abortError());
      });
    });

  bridge.handle('ping', () => ({ value: { idle: controller.state.work.kind !== 'running' && !settings.paused } }));

  bridge.handle('play', async ({ signal, params, progress }) => {
    const recorded = fromRecorded(params.info);
    const used = await play(controller, settings, recorded, signal, nextFinished, progress);
    return { value: { info: toRecorded(used) } };
  });

  bridge.handle('command', async ({ signal, params }) => {
    const { id } = params;
    await controller.ready;
    if (id === 'upscaleLast') return controller.run(controller.effective, signal);
    controller.change({ target: id === 'upscaleSelection' ? 'region' : 'layer' });
    // The panel stays; a dialog stays until the person has pressed the button and all is done.
    if (inDialog) await nextFinished(signal);
  });

  const showDiagnostics = () => {
    if (document.querySelector('lway-diagnostics')) return;
    const diagnostics = new Diagnostics();
    diagnostics.bridge = bridge;
    diagnostics.addEventListener('close', () => diagnostics.remove());
    document.body.prepend(diagnostics);
    window.scrollTo(0, 0);
  };
  bridge.on('diagnostics', showDiagnostics);
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey && event.altKey && event.code === 'KeyD') showDiagnostics();
  });
}

/** Runs a recorded step; the person may stop it, change its settings and start it again. */
async function play(
  controller: PanelController,
  settings: PhotoshopSettings,
  recorded: UpscaleSettings,
  signal: AbortSignal,
  nextFinished: (signal: AbortSignal) => Promise<UpscaleSettings>,
  progress: (value: PlayProgress) => void,
): Promise<UpscaleSettings> {
  await controller.ready;
  if (controller.state.work.kind === 'running')
    throw new LWayError('busy', 'LWay is already at work.', 'Wait for it to finish.');
  const own = controller.state.settings;
  settings.paused = true;
  const bar = new StepBar();
  document.body.prepend(bar);
  window.scrollTo(0, 0);
  const edit = new AbortController();
  bar.addEventListener('edit', () => {
    bar.editing = true;
    edit.abort(abortError());
  });
  let phase = phaseName('preparing');
  try {
    controller.replace(recorded);
    const stop = AbortSignal.any([signal, edit.signal]);
    try {
      await controller.run(recorded, stop, (event) => {
        if (event.type === 'phase') phase = phaseName(event.phase);
        if (event.type === 'phase') progress({ value: 0, text: phase });
        if (event.type === 'progress') progress({ value: event.done / event.total, text: phase });
      });
      return recorded;
    } catch (error) {
      if (!edit.signal.aborted || signal.aborted) throw error;
      return await nextFinished(signal);
    }
  } finally {
    bar.remove();
    controller.replace(own);
    settings.paused = false;
  }
}

start().catch((error: unknown) => {
  // Without its bridge the page has nobody else to tell.
  const advice = error instanceof LWayError ? ` ${error.advice}` : '';
  document.body.append(`${error instanceof Error ? error.message : String(error)}${advice}`);
});

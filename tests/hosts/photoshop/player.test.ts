import { LWayError } from '../../../src/engine/common/errors';
import { Bridge } from '../../../src/hosts/photoshop/bridge/bridge';
import { PLAY_METHOD, type PhotoshopBridge, type PhotoshopMethods } from '../../../src/hosts/photoshop/protocol';
import type { ModalContext } from '../../../src/hosts/photoshop/uxp/photoshop-api';
import { Player } from '../../../src/hosts/photoshop/uxp/play';
import { FakeWebView } from '../../doubles/photoshop/webview';
import { plugin } from './setup';

type PageKind = 'idle' | 'busy' | 'mute';

let made: ReturnType<typeof plugin>;
let closed = 0;
let opened = 0;
const bridges: PhotoshopBridge[] = [];

beforeEach(() => {
  made = plugin();
  closed = opened = 0;
});
afterEach(() => {
  made.dispose();
  for (const bridge of bridges.splice(0)) bridge.close();
});

/** A page that plays a step by reporting progress and saying its info back. */
function page(kind: PageKind, work: (signal: AbortSignal) => Promise<void> = async () => undefined): PhotoshopBridge {
  const webView = new FakeWebView();
  const host = new Bridge<PhotoshopMethods>(webView.host, { role: 'host', grace: 200 });
  bridges.push(host);
  if (kind === 'mute') return host;
  const own = new Bridge<PhotoshopMethods>(webView.page(), { role: 'page', hello: 2 });
  bridges.push(own);
  own.handle('ping', () => ({ value: { idle: kind === 'idle' } }));
  own.handle('play', async ({ signal, params, progress }) => {
    progress({ value: 0.5, text: 'half' });
    await work(signal);
    return { value: { info: { ...(params as { info: object }).info, played: true } } };
  });
  own.handle('command', async ({ signal }) => work(signal));
  return host;
}

function player(panel: PhotoshopBridge | null, dialog: PhotoshopBridge = page('idle')) {
  const made_ = new Player(
    made.gate,
    {
      panel: () => panel,
      showPanel: async () => panel !== null,
      open: async () => {
        opened++;
        return { bridge: dialog, close: () => void closed++ };
      },
    },
    { alive: 60, load: 150 },
  );
  Object.assign(globalThis, { [PLAY_METHOD]: (context: ModalContext, info: never) => made_.play(context, info) });
  return made_;
}

const step = () => ({ name: 'Upscale with LWay', methodName: PLAY_METHOD, info: { 'com.lway.version': 1 } });
const connected = async (bridge: PhotoshopBridge) => {
  await bridge.whenConnected(new AbortController().signal);
  return bridge;
};

test.each([
  ['there is none', null, 1],
  ['it is asleep', 'mute', 1],
  ['it is at work', 'busy', 1],
  ['it is there', 'idle', 0],
] as const)('a step is played in the panel or, where %s, in a dialog of its own', async (_why, kind, dialogs) => {
  const panel = kind && page(kind);
  if (panel && kind !== 'mute') await connected(panel);
  player(panel);
  const recorded = step();
  await made.ps.playStep(recorded);
  expect([opened, closed]).toEqual([dialogs, dialogs]);
  expect(made.ps.progress).toEqual([{ value: 0.5, commandName: 'Upscale with LWay: half' }]);
  expect(recorded.info).toEqual({ 'com.lway.version': 1 });
  await made.ps.playStep(recorded, { again: true });
  expect(recorded.info).toEqual({ 'com.lway.version': 1, played: true });
});

test('a panel whose page fell asleep after it had been connected is not waited for', async () => {
  const webView = new FakeWebView();
  const panel = new Bridge<PhotoshopMethods>(webView.host, { role: 'host' });
  const own = new Bridge<PhotoshopMethods>(webView.page(), { role: 'page', hello: 2 });
  bridges.push(panel, own);
  await connected(panel);
  webView.hide();
  player(panel);
  await made.ps.playStep(step());
  expect(opened).toBe(1);
});

test('Esc reaches the page; the dialog is closed', async () => {
  let stopped = false;
  const dialog = page('idle', (signal) => {
    setTimeout(() => made.ps.cancel(), 10);
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => {
        stopped = true;
        reject(signal.reason as Error);
      }),
    );
  });
  player(null, dialog);
  await expect(made.ps.playStep(step())).rejects.toMatchObject({ name: 'AbortError' });
  expect(stopped).toBe(true);
  expect(closed).toBe(1);
});

test('errors of the page are the step’s', async () => {
  const dialog = page('idle', () => Promise.reject(new LWayError('missing-model', 'No such network.', 'Install it.')));
  player(null, dialog);
  await expect(made.ps.playStep(step())).rejects.toMatchObject({ code: 'missing-model', advice: 'Install it.' });
  expect(closed).toBe(1);
});

test('a page that never starts is an error, not a hang', async () => {
  player(null, page('mute'));
  await expect(made.ps.playStep(step())).rejects.toMatchObject({ code: 'timeout' });
  expect(closed).toBe(1);
});

test('while a step plays, nothing is recorded and reads run inside its modal state', async () => {
  made.ps.isRecording = true;
  const document = made.ps.openDocument({ width: 8, height: 8, pixel: () => [1, 0, 0, 1] });
  player(
    null,
    page('idle', async () => {
      const target = await made.host.open(new AbortController().signal, 'layer');
      await target.close();
      await made.host.record({});
    }),
  );
  await made.ps.playStep(step());
  expect(made.ps.recorded).toEqual([]);
  expect(document.history).toHaveLength(1);
});

test('commands run in the panel that is shown for them', async () => {
  let done = 0;
  const panel = page('idle', async () => void done++);
  await player(panel).command(new AbortController().signal, 'upscaleLast');
  expect([done, opened]).toEqual([1, 0]);
  await player(null).command(new AbortController().signal, 'upscaleLast');
  expect(opened).toBe(1);
});

import type { Browser, Page } from 'playwright-core';
import { STEP_NAME } from '../../src/hosts/photoshop/protocol';
import type { Depth } from '../doubles/photoshop/constants';
import type { FakeDocument } from '../doubles/photoshop/document';
import { FakePhotoshop, type NewPicture } from '../doubles/photoshop/photoshop';
import { indexOf, type Plane } from '../doubles/photoshop/plane';
import { FakeUxp } from '../doubles/photoshop/uxp';
import { dimmed } from './support/photoshop-networks';
import { ChromiumPages, launch, PATIENCE, pluginFolder, trustEmulatedGpu } from './support/photoshop-page';

// A page takes two seconds of a core to start, and most tests some seconds; a machine that is busy with much else gives
// them a tenth of that.
jest.setTimeout(PATIENCE);

const settings = {
  model: 'doubling',
  size: { scale: 2 },
  target: 'layer',
  destination: 'layer',
  adapt: 'off',
  strength: 1,
};

let browser: Browser;
let plugin: ReturnType<typeof pluginFolder>;
let ps: FakePhotoshop;
let uxp: FakeUxp;
let chromium: ChromiumPages;

beforeAll(async () => {
  plugin = pluginFolder();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  plugin?.remove();
});

beforeEach(() => start({}));
afterEach(async () => {
  uxp.dispose();
  await chromium.settled();
  expect(ps.isModal).toBe(false);
  expect([...ps.imaging.live]).toEqual([]);
  expect(chromium.errors).toEqual([]);
});

function start(change: object, shown = browser, folder = plugin.folder): void {
  ps = new FakePhotoshop();
  chromium = new ChromiumPages(shown, folder);
  uxp = new FakeUxp(ps, chromium.show);
  uxp.storage.set('lway.settings.v1', JSON.stringify({ ...settings, ...change }));
  uxp.load(folder);
}

const where = (x: number, y: number) => [(x % 251) / 255, (y % 251) / 255, ((x + y) % 251) / 255, 1];
const open = (picture: Partial<NewPicture> = {}) =>
  ps.openDocument({ width: 60, height: 40, pixel: where, ...picture });

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

async function panel(): Promise<Page> {
  uxp.openPanel('lwayPanel');
  await until(() => chromium.pages.length > 0);
  return chromium.pages[0]!;
}

const startButton = (page: Page) => page.getByRole('button', { name: /^Upscale (with LWay|selection)$/ });
const cancelButton = (page: Page) => page.getByRole('button', { name: 'Cancel', exact: true });
const idle = (page: Page) => startButton(page).waitFor();

/** All pixels of `plane` are those of `old`, doubled; 16 bit may be a step off, for the engine computes in float32. */
function expectDoubled(plane: Plane, old: Plane, tolerance = 0): void {
  expect([plane.right - plane.left, plane.bottom - plane.top]).toEqual([
    2 * (old.right - old.left),
    2 * (old.bottom - old.top),
  ]);
  let worst = 0;
  for (let y = 0; y < plane.bottom - plane.top; y++) {
    for (let x = 0; x < plane.right - plane.left; x++) {
      const at = indexOf(plane, plane.left + x, plane.top + y);
      const from = indexOf(old, old.left + (x >> 1), old.top + (y >> 1));
      for (let c = 0; c < 4; c++) {
        const difference = plane.data[at + c]! - old.data[from + c]!;
        if (difference > worst) worst = difference;
        if (-difference > worst) worst = -difference;
      }
    }
  }
  expect(worst).toBeLessThanOrEqual(tolerance);
}

/** Of the colours. */
const mean = ({ data }: Plane) => {
  let sum = 0;
  for (let i = 0; i < data.length; i++) if (i % 4 < 3) sum += data[i]!;
  return sum / (0.75 * data.length);
};

const untouched = (document: FakeDocument) => {
  expect(document).toMatchObject({ width: 520, height: 120 });
  expect(document.state.layers).toHaveLength(1);
  expect(document.history).toHaveLength(1);
  expect(ps.documents).toEqual([document]);
};

describe('the built page, from file://', () => {
  test.each([8, 16] as Depth[])('%i bit: a whole upscale by the button', async (depth) => {
    const document = open({ depth, width: 300, height: 200 });
    const old = document.state.layers[0]!.plane!;
    const page = await panel();
    expect(page.url()).toMatch(/^file:/);
    // Photoshop's theme, not the system's.
    await page.locator('html[data-theme=dark]').waitFor();
    await startButton(page).click();
    await until(() => document.history.length === 2);
    await page.getByText(/^600 × 400 px in/).waitFor();
    expect(document.history.map(({ name }) => name)).toEqual(['Open', STEP_NAME]);
    expect(document.state.layers.map(({ name }) => name)).toEqual(['Layer 1 ×2', 'Layer 1']);
    expectDoubled(document.state.layers[0]!.plane!, old, depth === 16 ? 1 : 0);
    // The device is said, and that it is not the GPU.
    await page.getByText('1 thread').waitFor();
  });

  test('on WebGPU, from the same folder', async () => {
    const other = pluginFolder();
    const emulated = await launch(true);
    try {
      trustEmulatedGpu(other.folder);
      start({}, emulated, other.folder);
      const document = open();
      const old = document.state.layers[0]!.plane!;
      const page = await panel();
      await startButton(page).click();
      await until(() => document.history.length === 2);
      await page.getByText('SwiftShader (WebGPU)').waitFor();
      expectDoubled(document.state.layers[0]!.plane!, old);
    } finally {
      uxp.dispose();
      await chromium.settled();
      await emulated.close();
      other.remove();
    }
  });

  test('with adaptation: the network learns what this picture needs, and the action records it', async () => {
    start({ model: 'dimming', adapt: 'quick' });
    ps.isRecording = true;
    // Blobs with edges and a fine texture: something to learn.
    const pixel = (x: number, y: number) => {
      const blob = Math.sin(x / 7) + Math.cos(y / 5) > 0.4 ? 0.75 : 0.35;
      const value = blob + 0.08 * Math.sin(1.9 * x) * Math.sin(2.3 * y);
      return [value, value, value, 1];
    };
    const document = open({ depth: 16, width: 64, height: 48, pixel });
    const old = document.state.layers[0]!.plane!;
    const page = await panel();
    await startButton(page).click();
    await until(() => ps.recorded.length === 1);
    await page.getByText(/^Matched in \d+ steps/).waitFor();
    expect(ps.recorded[0]!.info).toMatchObject({ 'com.lway.model': 'dimming', 'com.lway.adapt': 'quick' });
    // As it comes, the network leaves 98 % of every value.
    const brightness = mean(document.state.layers[0]!.plane!) / mean(old);
    expect(brightness).toBeGreaterThan(dimmed + 0.0005);
    expect(brightness).toBeLessThan(1);
  });

  test('a region with a soft selection, as a new document', async () => {
    start({ target: 'region', destination: 'document' });
    const document = open();
    ps.select(document, { left: 10, top: 5, right: 30, bottom: 25 }, (x) => Math.min(255, (x - 9) * 40));
    const page = await panel();
    await startButton(page).click();
    await until(() => ps.documents.length === 2 && !ps.isModal);
    const result = ps.active!;
    expect(result).toMatchObject({ width: 40, height: 40 });
    const { plane, mask } = result.state.layers[0]!;
    expect([...plane!.data.slice(0, 4)]).toEqual([10, 5, 15, 255]);
    expect([...mask!.data.slice(0, 4)]).toEqual([40, 50, 70, 90]);
    expect(document.history.map(({ name }) => name)).toEqual(['Open', 'Marquee']);
    await idle(page);
  });

  const phases: [string, (act: () => Promise<void>) => void][] = [
    ['reading', (act) => hook('getPixels', act)],
    ['upscaling', (act) => hookStage(act)],
    ['writing', (act) => (ps.onWrite = act)],
  ];
  test.each(phases)('cancelled while %s: nothing is left behind', async (_phase, when) => {
    const document = open({ width: 520, height: 120 });
    const page = await panel();
    await idle(page);
    let cancelled = false;
    when(async () => {
      if (cancelled) return;
      cancelled = true;
      await cancelButton(page).click();
      await new Promise((resolve) => setTimeout(resolve, 500)); // the message takes its time
    });
    await startButton(page).click();
    await until(() => cancelled);
    await page.getByText(/Cancelled/).waitFor();
    await until(() => !ps.isModal);
    untouched(document);
    expect([...uxp.files.keys()]).toEqual([]);
    // And the next one works.
    ps.onWrite = null;
    await startButton(page).click();
    await until(() => document.history.length === 2);
    await idle(page);
  });

  test('Esc while Photoshop writes', async () => {
    const document = open({ width: 520, height: 120 });
    const page = await panel();
    ps.onWrite = () => ps.cancel();
    await startButton(page).click();
    await until(() => ps.progress.length > 0);
    await idle(page);
    untouched(document);
  });

  test('the document is closed meanwhile: said, and the result offered as a new document', async () => {
    const page = await panel();
    for (const agrees of [false, true]) {
      const document = open({ width: 520, height: 120 });
      uxp.agrees = agrees;
      await idle(page);
      hookStage(async () => {
        if (ps.documents.includes(document)) ps.close(document);
      });
      await startButton(page).click();
      await until(() => uxp.questions.length === (agrees ? 2 : 1));
      if (!agrees) await page.getByText('has been closed meanwhile').waitFor();
    }
    await until(() => ps.documents.length === 1 && !ps.isModal);
    expect(ps.active).toMatchObject({ width: 1040, height: 240 });
    await idle(page);
  });
});

describe('actions', () => {
  const recorded = async () => {
    const document = open();
    ps.isRecording = true;
    const page = await panel();
    await startButton(page).click();
    await until(() => ps.recorded.length === 1);
    ps.isRecording = false;
    await idle(page);
    expect(document.history).toHaveLength(2);
    return { step: ps.recorded[0]!, page };
  };

  test('a finished upscale is recorded, and replayed over five documents without a panel', async () => {
    const { step } = await recorded();
    expect(step).toMatchObject({
      name: STEP_NAME,
      methodName: 'lwayPlayUpscale',
      info: { 'com.lway.version': 2, 'com.lway.model': 'doubling', 'com.lway.scale': 2, 'com.lway.target': 'layer' },
    });
    uxp.dispose();
    // Photoshop starts afresh: nobody has opened the panel.
    start({});
    const sizes = [8, 16, 8, 16, 8].map((depth, i) => ({ width: 20 + i, height: 10 + 3 * i, depth: depth as Depth }));
    for (const size of sizes) {
      const document = open(size);
      const old = document.state.layers[0]!.plane!;
      await ps.playStep(step);
      expectDoubled(document.state.layers[0]!.plane!, old, size.depth === 16 ? 1 : 0);
      expect(document.history.map(({ name }) => name)).toEqual(['Open', STEP_NAME]);
    }
    expect(chromium.pages).toHaveLength(5);
    expect(ps.progress.at(-1)!.commandName).toContain(STEP_NAME);
    expect(ps.recorded).toEqual([]);
    expect(uxp.body.children).toEqual([]);
  });

  test('replayed in the panel where it is open; cancelled there', async () => {
    const { step, page } = await recorded();
    const document = open();
    await ps.playStep(step);
    expect(document.history).toHaveLength(2);
    expect(chromium.pages).toEqual([page]);
    const other = open({ width: 520, height: 120 });
    hookStage(async () => ps.cancel());
    await expect(ps.playStep(step)).rejects.toMatchObject({ name: 'AbortError' });
    expect(other.history).toHaveLength(1);
    await idle(page);
  });

  test('recorded again: the settings can be changed, and replace the step’s; the person’s own stay', async () => {
    const { step, page } = await recorded();
    const document = open({ width: 520, height: 120 });
    let edited = false;
    hookStage(async () => {
      await page.getByRole('button', { name: 'Change settings' }).click();
      edited = true;
    });
    const playing = ps.playStep(step, { again: true });
    await until(() => edited);
    await idle(page);
    await page.getByRole('radio', { name: 'New document' }).check();
    await startButton(page).click();
    await playing;
    expect(step.info['com.lway.destination']).toBe('document');
    expect(document.history).toHaveLength(1);
    expect(ps.active).toMatchObject({ width: 1040, height: 240 });
    expect(JSON.parse(uxp.storage.get('lway.settings.v1')!)).toMatchObject({ destination: 'layer' });
  });

  test('a step that cannot be played says why', async () => {
    const { step } = await recorded();
    const play = (info: object) => ps.playStep({ ...step, info: { ...step.info, ...info } });
    await expect(play({ 'com.lway.model': 'gone' })).rejects.toThrow(/LWay: .*gone/);
    await expect(play({ 'com.lway.version': 99 })).rejects.toThrow(/newer LWay.*Update/);
    await expect(ps.playStep({ ...step, methodName: 'other' })).rejects.toThrow('Script action failed');
  });

  test('menu commands: the panel is shown; the last settings run at once', async () => {
    const document = open();
    ps.isRecording = true;
    await uxp.run('upscaleLast');
    expect(document.history).toHaveLength(2);
    // Once: were the menu command recorded as well, a played action would upscale twice.
    await until(() => ps.recorded.length > 0);
    expect(ps.recorded.map(({ methodName }) => methodName)).toEqual(['lwayPlayUpscale']);
    ps.isRecording = false;
    await uxp.run('upscaleSelection');
    await until(() => JSON.parse(uxp.storage.get('lway.settings.v1')!).target === 'region');
    ps.close(document);
    await uxp.run('upscaleLast');
    expect(uxp.alerts.join()).toContain('No document is open');
    expect(chromium.pages).toHaveLength(1);
  });
});

test('diagnostics: a report, with every line that needs no GPU in order', async () => {
  open();
  const page = await panel();
  await idle(page);
  uxp.entryPoints!.panels['lwayPanel']!.invokeMenu!('diagnostics');
  const run = page.getByRole('button', { name: 'Run', exact: true });
  await run.click();
  await page.getByRole('button', { name: 'Running…' }).waitFor();
  await run.waitFor();
  const report = await page.getByRole('textbox', { name: 'Report' }).inputValue();
  const failed = report.split('\n').filter((line) => line.startsWith('FAIL'));
  // What this browser, on a machine without a GPU and from file://, has not: the page does without.
  expect(failed.map((line) => line.slice(5).split(':')[0]!).filter((id) => id !== 'webgpu')).toEqual([
    'relative-fetch',
  ]);
  expect(report).toContain('ok   pixels-round-trip-16');
  expect(ps.documents).toHaveLength(1);
  chromium.errors.splice(0); // Chromium's own word for the refused fetch
});

/** Calls `act` before each call of an imaging method. */
function hook(method: 'getPixels', act: () => Promise<void>): void {
  const original = ps.imaging[method].bind(ps.imaging);
  let first = true;
  ps.imaging[method] = async (options) => {
    if (first) await act();
    first = false;
    return original(options);
  };
}

/** Calls `act` when the first finished piece arrives on Photoshop's side; until it is over, nothing else does. */
function hookStage(act: () => Promise<void>): void {
  const original = uxp.hear.bind(uxp);
  const late: Parameters<typeof original>[] = [];
  let state: 'before' | 'during' | 'after' = 'before';
  uxp.hear = (...message) => {
    if (state === 'before' && message[1].includes('"stage.write"')) {
      state = 'during';
      act()
        .catch((error: unknown) => chromium.errors.push(String(error)))
        .finally(() => {
          state = 'after';
          for (const each of late) original(...each);
        });
    }
    if (state === 'during') late.push(message);
    else original(...message);
  };
}

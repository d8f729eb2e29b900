import { defaultSettings } from '../../src/actions/settings';
import type { Tuning } from '../../src/engine';
import type { AdaptationNetworks } from '../../src/engine/contract';
import { LWayError } from '../../src/engine/common/errors';
import type { NetworkEntry } from '../../src/engine/network/registry';
import type { DocumentSummary, OpenedTarget } from '../../src/hosts/host';
import { PanelController } from '../../src/panel/controller';
import { learnedKey } from '../../src/panel/learned';
import type { PanelServices } from '../../src/panel/services';
import { tryPiece } from '../../src/panel/try-out';
import { tinyModel } from '../engine/upscaling/tiny-networks';
import { controllers, createServices, FakeElement, never, until, WatchedEngine } from './support';

const { open, start, startLearning } = controllers();

test('an upscale becomes a layer, and both pictures stay for the comparison until they are put away', async () => {
  const { controller, workspace, stores } = await start();
  await controller.start();
  const { work, device } = controller.state;
  expect(device!.device).toBe('cpu');
  if (work.kind !== 'done') throw new Error(JSON.stringify(work));
  expect(work.finished.report).toMatchObject({ width: 40, height: 28 });
  expect(work.previewing).toBe(false);
  expect(workspace.active!.state.layers[0]).toMatchObject({ name: 'Background ×2', bounds: { width: 40, height: 28 } });
  expect(controller.state.document).toMatchObject({ width: 40, height: 28 });

  const { before, after } = work.finished;
  expect((await before.read(never, { x: 0, y: 0, width: 20, height: 14 })).width).toBe(20);
  expect((await after.read(never, { x: 39, y: 27, width: 1, height: 1 })).width).toBe(1);
  controller.dismiss();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await expect(after.read(never, { x: 0, y: 0, width: 1, height: 1 })).rejects.toThrow('disposed');
  // The layer has pixels of its own.
  const layer = workspace.active!.state.layers[0]!;
  await expect(layer.pixels.read(never, { x: 0, y: 0, width: 1, height: 1 })).resolves.toBeDefined();
  expect(stores).toHaveLength(3);
});

test('what cannot be written is refused before any work', async () => {
  const engine = new WatchedEngine();
  const { controller, services } = await start({ engine });
  Object.assign(services.host.capabilities, { maxSide: 30 });
  await controller.start();
  expect(controller.state.work).toMatchObject({ kind: 'failed', error: { code: 'too-large' } });
  expect(engine.calls).toHaveLength(0);
});

test('an engine that fails leaves the document as it was, and its storage is given back', async () => {
  const engine = new WatchedEngine(() => Promise.reject(new LWayError('out-of-memory', 'It is full.', 'Make room.')));
  const { controller, workspace, stores } = await start({ engine });
  const before = workspace.active!.state;
  await controller.start();
  expect(controller.state.work).toEqual({
    kind: 'failed',
    error: { code: 'out-of-memory', message: 'It is full.', advice: 'Make room.' },
    rescue: null,
  });
  expect(workspace.active!.state).toBe(before);
  for (const store of stores) await expect(store.end(never)).rejects.toThrow('disposed');
});

test('cancelling is no failure', async () => {
  const engine = new WatchedEngine(
    (signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      ),
  );
  const { controller, workspace } = await start({ engine });
  const before = workspace.active!.state;
  const work = controller.start();
  await until(() => engine.calls.length > 0);
  controller.cancel();
  expect(controller.state.work).toMatchObject({ kind: 'running', job: { cancelling: true } });
  await work;
  expect(controller.state.work).toEqual({ kind: 'cancelled' });
  expect(workspace.active!.state).toBe(before);
});

test('what goes wrong while it is cancelled is a failure', async () => {
  const engine = new WatchedEngine(
    (signal) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new LWayError('storage', 'Disk full.', 'Free some.'))),
      ),
  );
  const { controller } = await start({ engine });
  const work = controller.start();
  await until(() => engine.calls.length > 0);
  controller.cancel();
  await work;
  expect(controller.state.work).toMatchObject({ kind: 'failed', error: { code: 'storage' } });
});

test('a second upscale while one runs is refused and harms nothing', async () => {
  let go = () => {};
  const engine = new WatchedEngine(() => new Promise((resolve) => (go = resolve)));
  const { controller } = await start({ engine });
  const first = controller.start();
  await until(() => engine.calls.length > 0);
  await expect(controller.run(controller.effective)).rejects.toMatchObject({ code: 'busy' });
  go();
  await first;
  expect(controller.state.work.kind).toBe('done');
});

test('a result whose document was closed meanwhile is offered as a new document', async () => {
  let go = () => {};
  const engine = new WatchedEngine(() => new Promise((resolve) => (go = resolve)));
  const { controller, workspace, stores } = await start({ engine });
  const first = controller.start();
  await until(() => engine.calls.length > 0);
  expect(workspace.atWork(workspace.active!.id)).toBe(true);
  const { pixels } = workspace.active!.state.layers[0]!;
  workspace.close(workspace.active!.id);
  go();
  await first;
  expect(controller.state.work).toMatchObject({ kind: 'failed', error: { code: 'document-changed' } });
  workspace.add('other.png', 'Other', pixels);
  await until(() => controller.state.document?.name === 'other.png');
  expect(controller.obstacle).not.toBe('');
  // Another upscale would lose it.
  await expect(controller.run(controller.effective)).rejects.toMatchObject({ code: 'busy' });
  await controller.rescue();
  expect(controller.state.work).toMatchObject({ kind: 'done', documentId: workspace.active!.id });
  expect(workspace.active!.state).toMatchObject({ width: 40, height: 28, layers: [{ name: 'Background ×2' }] });
  // Named as its file would be, and with what that said.
  expect(workspace.active).toMatchObject({ name: 'picture-x2', metadata: { xmp: 'Grüße' } });
  expect(workspace.unsaved(workspace.active!)).toBe(true);
  controller.dismiss();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await expect(stores[1]!.read(never, { x: 0, y: 0, width: 1, height: 1 })).rejects.toThrow('disposed');
});

test('a result that nobody wants any more is given back', async () => {
  const { controller, stores } = await start();
  await controller.start();
  await controller.start();
  // Picture, result and layer of the first: only its layer is needed still.
  await expect(stores[1]!.read(never, { x: 0, y: 0, width: 1, height: 1 })).rejects.toThrow('disposed');
  await expect(stores[2]!.read(never, { x: 0, y: 0, width: 1, height: 1 })).resolves.toBeDefined();
});

test('a selection that is drawn becomes the area; a size that cannot be is the reason not to begin', async () => {
  const { controller, workspace } = await start();
  expect(controller.effective.target).toBe('layer');
  workspace.adjust(workspace.active!, { selection: { x: 2, y: 2, width: 6, height: 4 } });
  await until(() => controller.state.document?.selection !== null);
  expect(controller.effective.target).toBe('region');
  expect(controller.input).toMatchObject({ width: 6, height: 4 });
  // Whoever then chooses the whole layer means that.
  controller.change({ target: 'layer' });
  workspace.adjust(workspace.active!, { selection: { x: 2, y: 2, width: 8, height: 4 } });
  await until(() => controller.state.document?.selection?.width === 8);
  expect(controller.effective.target).toBe('layer');
  expect(controller.obstacle).toBe('');
  controller.change({ size: { width: 10, height: 10 } });
  expect(controller.obstacle).toContain('smaller than it is');
});

test('a second upscale starts from the layer’s own pixels and lies above the first', async () => {
  const { controller, workspace, services } = await start();
  await controller.start();
  const { state } = workspace.active!;
  expect(controller.state.document!.activeLayer!.madeFrom).toEqual({ id: state.layers[1]!.id, name: 'Background' });
  services.host.activateLayer!(state.layers[1]!.id);
  await until(() => controller.state.document?.activeLayer?.name === 'Background');
  // Shown at 40×28, but there are 20×14 of them.
  expect(controller.input).toEqual({ width: 20, height: 14 });
  await controller.start();
  expect(workspace.active!.state).toMatchObject({ width: 40, height: 28 });
  expect(workspace.active!.state.layers.map(({ bounds, madeFrom }) => [bounds.width, madeFrom])).toEqual([
    [40, state.layers[1]!.id],
    [40, state.layers[1]!.id],
    [40, undefined],
  ]);
  expect(workspace.active!.state.layers[1]!.pixels).toBe(state.layers[0]!.pixels);
});

test('a piece is tried before anything is done, around the point that was pointed at', async () => {
  const { controller, services, workspace } = await start();
  await controller.openTryOut({ x: 19, y: 1 });
  const { tryOut } = controller.state;
  // All of this small picture, as far as the point lets it.
  expect(tryOut!.place).toEqual({ x: 0, y: 0, width: 20, height: 14 });
  expect(tryOut!.choices).toEqual([
    { name: 'Now: Tiny', settings: { model: 'default', detail: undefined, noise: undefined, blur: undefined } },
  ]);
  const settings = controller.suitedTo(tryOut!.choices[0]!.settings);
  expect(controller.estimate).toBeNull();
  const began = performance.now();
  const piece = await tryPiece(never, services, tryOut!, settings, controller.factor, (megapixel) =>
    controller.tried(settings.model, megapixel),
  );
  // Of so small a picture the piece is all: it cannot take longer than this did.
  expect(controller.estimate).toBeGreaterThan(0);
  expect(controller.estimate).toBeLessThan((performance.now() - began) / 1000);
  await controller.start();
  expect(controller.state.tryOut).toBeNull();
  // It is what the upscale then makes.
  const made = await workspace.active!.state.layers[0]!.pixels.read(never, { x: 0, y: 0, width: 40, height: 28 });
  expect([piece.width, piece.height]).toEqual([40, 28]);
  let worst = 0;
  piece.data.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - made.data[i]!))));
  expect(worst).toBeLessThan(0.6 / 255);
  // It is known still.
  expect(controller.estimate).toBeGreaterThan(0);
});

test('what is not there now is left out, not forgotten', async () => {
  const { controller, workspace, settings } = await start();
  controller.change({ target: 'region', adapt: 'thorough', model: 'gone' });
  expect(controller.effective).toMatchObject({ target: 'layer', adapt: 'off', model: 'tiny' });
  expect(settings.saved).toMatchObject({ target: 'region', adapt: 'thorough', model: 'gone' });
  workspace.adjust(workspace.active!, { selection: { x: 2, y: 2, width: 6, height: 4 } });
  await until(() => controller.state.document?.selection !== null);
  await controller.start();
  expect(workspace.active!.state.layers[0]!.bounds).toEqual({ x: 4, y: 4, width: 12, height: 8 });
});

test('adaptation is asked for with level, strength and a way to stop early', async () => {
  const helpers = {} as AdaptationNetworks;
  const dot = (value: number) => ({ width: 1, height: 1, data: Uint8ClampedArray.of(value, value, value, 255) });
  let stopped = false;
  const engine = new WatchedEngine(async (_, options) => {
    const { onEvent, adapt } = options;
    onEvent!({ type: 'phase', phase: 'adapting' });
    onEvent!({ type: 'adaptation', step: 0, loss: 2, heldOut: 3 });
    onEvent!({ type: 'preview', step: 0, image: dot(10) });
    onEvent!({ type: 'adaptation', step: 1, loss: 1 });
    for (const step of [2, 4]) onEvent!({ type: 'preview', step, image: dot(10 * step) });
    onEvent!({ type: 'notice', message: 'The tile was halved.' });
    await new Promise<void>((resolve) =>
      adapt!.enough!.addEventListener('abort', () => resolve((stopped = true) as unknown as void)),
    );
    throw new LWayError('internal', 'That is enough for this test.', 'None.');
  });
  const made = await createServices({ engine });
  const networks = { ...made.services.networks, adaptation: async () => helpers, whyNoAdaptation: async () => null };
  const controller = new PanelController(new FakeElement(), { ...made.services, networks });
  open.push(controller);
  controller.hostConnected();
  await until(() => controller.state.networks !== undefined);
  controller.change({ adapt: 'quick', strength: 0.4 });
  const work = controller.start();
  await until(() => controller.state.notices.length > 0);
  expect(engine.calls[0]!.adapt).toMatchObject({ level: 'quick', strength: 0.4, networks: helpers });
  const { work: running } = controller.state;
  expect(running.kind === 'running' && running.job).toMatchObject({
    phase: 'adapting',
    curve: [
      { step: 0, loss: 2, heldOut: 3 },
      { step: 1, loss: 1 },
    ],
    learning: { step: 4, before: dot(10), now: dot(40) },
  });
  controller.stopEarly();
  await work;
  expect(stopped).toBe(true);
  expect(controller.state.notices).toEqual(['The tile was halved.']);
});

test('an editor that does not answer is waited for by name, and after a while with what to look at', async () => {
  const timers: { run: () => void; after: number }[] = [];
  const later = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, after = 0) => {
    timers.push({ run, after });
    return 0;
  }) as unknown as typeof setTimeout);
  const made = await createServices();
  let say: (document: null) => void = () => {};
  const host = Object.assign(Object.create(made.services.host) as typeof made.services.host, {
    describe: () => new Promise<null>((resolve) => (say = resolve)),
  });
  // It keeps the settings as well.
  const settings = { load: () => new Promise<never>(() => {}), save: () => Promise.resolve() };
  const controller = new PanelController(new FakeElement(), { ...made.services, host, settings });
  open.push(controller);
  controller.hostConnected();
  for (let i = 0; i < 20; i++) await Promise.resolve();
  later.mockRestore();
  expect(controller.obstacle).toBe('Waiting for LWay…');
  timers.find(({ after }) => after > 1000)!.run();
  expect(controller.obstacle).toMatch(/^Waiting for LWay… It has not answered yet/);
  say(null);
  await until(() => !controller.state.silent);
  expect(controller.state.document).toBeNull();
});

test('an answer of the editor that comes late is dropped', async () => {
  const answers: ((summary: DocumentSummary | null) => void)[] = [];
  const made = await createServices();
  const listeners: (() => void)[] = [];
  const host = Object.assign(Object.create(made.services.host) as typeof made.services.host, {
    describe: () => new Promise<DocumentSummary | null>((resolve) => answers.push(resolve)),
    onChange: (listener: () => void) => {
      listeners.push(listener);
      return () => {};
    },
  });
  const controller = new PanelController(new FakeElement(), { ...made.services, host });
  open.push(controller);
  controller.hostConnected();
  await until(() => answers.length === 1);
  listeners[0]!();
  await until(() => answers.length === 2);
  const newer = { id: 'new' } as DocumentSummary;
  answers[1]!(newer);
  answers[0]!({ id: 'old' } as DocumentSummary);
  await until(() => controller.state.document !== undefined);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(controller.state.document).toBe(newer);
});

test('settings that cannot be read or kept do not stop anybody', async () => {
  const broken = { load: () => Promise.reject(new Error('gone')), save: () => Promise.reject(new Error('gone')) };
  const { controller } = await start({ settings: broken });
  controller.change({ size: { scale: 3 }, adapt: 'off' });
  await controller.start();
  expect(controller.state.work.kind).toBe('done');
});

test('a network that is refused is named with the reason', async () => {
  const made = await createServices();
  const networks = {
    ...made.services.networks,
    add: () => Promise.reject(new LWayError('bad-model', 'It has no image.', 'Choose another.')),
  };
  const { controller } = await start({ networks });
  const error = { code: 'bad-model', message: 'It has no image.', advice: 'Choose another.' };
  // Given together they are looked at one after the other, and each is named.
  const all = ['mine.onnx', 'yours.pth'].map((name) => controller.addNetwork([new File(['x'], name)]));
  expect(controller.state.adding).toBeNull();
  await Promise.all(all);
  expect(controller.state.adding).toEqual({
    name: null,
    refused: [
      { name: 'mine.onnx', error },
      { name: 'yours.pth', error },
    ],
  });
  await controller.addNetwork([new File(['x'], 'third.onnx')]);
  expect(controller.state.adding!.refused).toEqual([{ name: 'third.onnx', error }]);
});

test('what was learned serves the next upscale of the same pixels, and previews other strengths', async () => {
  const { controller, engine, ...made } = await startLearning();
  await controller.start();
  const first = controller.state.work;
  if (first.kind !== 'done') throw new Error(JSON.stringify(first));
  expect(first.finished).toMatchObject({ relearned: false, learned: { weights: made.network.bytes } });

  // Without a trial there is nothing to apply.
  await controller.applyTried();
  expect(controller.state.work).toBe(first);

  const place = { x: 10, y: 6, width: 12, height: 10 };
  // The one that is asked for last is shown; that the other was given up is nobody's trouble.
  const previews = [0.7, 0.3].map((strength) => controller.previewStrength(strength, place));
  expect(controller.state.work).toMatchObject({ previewing: true, preview: null });
  await Promise.all(previews);
  expect(controller.state.notices).toEqual([]);
  expect(engine.calls.at(-1)).toMatchObject({ strength: 0.3, weights: made.network.bytes });
  const done = () => {
    const { work } = controller.state;
    if (work.kind !== 'done') throw new Error(work.kind);
    return work;
  };
  const { preview, previewing } = done();
  expect(previewing).toBe(false);
  // A trial: it is not what the next picture gets.
  expect(controller.state.settings.strength).toBe(1);
  expect(preview).toMatchObject({ strength: 0.3, rect: { x: 10, y: 6, width: 12, height: 10 } });
  // The weights are the network's own: the piece is the very one that is in the result.
  const piece = await preview!.source.read(never, { x: 0, y: 0, width: 12, height: 10 });
  const there = await first.finished.after.read(never, preview!.rect);
  let worst = 0;
  piece.data.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - there.data[i]!))));
  expect(worst).toBeLessThan(0.6 / 255);

  const calls = engine.calls.length;
  await controller.compareUnadapted({ x: 10, y: 6, width: 12, height: 10 });
  expect(engine.calls).toHaveLength(calls + 1);
  expect(engine.calls.at(-1)).toMatchObject({ strength: 0, weights: made.network.bytes });
  expect(done().unadapted).toMatchObject({ strength: 0, rect: { x: 10, y: 6, width: 12, height: 10 } });
  expect(done().preview).toBe(preview);
  await controller.compareUnadapted(null);
  expect(done()).toMatchObject({ unadapted: null, previewing: false });
  const left = controller.compareUnadapted(place);
  await controller.compareUnadapted(null);
  await left;
  expect(done()).toMatchObject({ unadapted: null, previewing: false });

  // Applied, it takes the result's place as one undo step.
  const { workspace } = made;
  const steps = workspace.active!.past.length;
  const [layer] = workspace.active!.state.layers;
  await controller.applyTried();
  expect(done()).toMatchObject({ preview: null, finished: { settings: { strength: 0.3 }, relearned: true } });
  expect(workspace.active!.past).toHaveLength(steps + 1);
  expect(workspace.active!.state.layers).toHaveLength(2);
  const [applied] = workspace.active!.state.layers;
  expect(applied).toMatchObject({ id: layer!.id, name: 'Background ×2, strength 30 %', bounds: layer!.bounds });
  expect(applied!.pixels).not.toBe(layer!.pixels);
  workspace.undo(workspace.active!);
  expect(workspace.active!.state.layers[0]).toBe(layer);

  workspace.undo(workspace.active!);
  controller.change({ strength: 0.3 });
  await controller.start();
  expect(engine.calls.at(-1)).toMatchObject({ strength: 0.3, weights: made.network.bytes });
  expect(engine.calls.at(-1)!.adapt).toBeUndefined();
  expect(controller.state.work).toMatchObject({ kind: 'done', finished: { relearned: true } });

  // Another region is another picture.
  workspace.undo(workspace.active!);
  workspace.adjust(workspace.active!, { selection: { x: 0, y: 0, width: 10, height: 10 } });
  await until(() => controller.state.document?.selection !== null);
  controller.change({ target: 'region' });
  await controller.start();
  expect(engine.calls.at(-1)!.adapt).toMatchObject({ level: 'quick', strength: 0.3 });
});

describe('Detail, Noise and Blur', () => {
  /** A network with all ends, one with none, and one of the person's that only says so. */
  async function withEnds(changes: Partial<PanelServices> = {}) {
    const made = await createServices(changes);
    const ends = { faithful: { model: 'f' }, crisp: { model: 'c' }, clean: { model: 'n' }, sharp: { model: 's' } };
    const choice = (id: string, more: Partial<NetworkEntry> = {}, own = false) => ({
      entry: { ...made.network.entry, id, name: id, ...more },
      own,
    });
    const listed = [choice('photo', { ends }), choice('plain'), choice('mine', { ends }, true)];
    const asked: Partial<Tuning>[] = [];
    const networks: PanelServices['networks'] = {
      ...made.services.networks,
      list: async () => listed,
      load: async () => made.network,
      tuning: async (_signal, _entry, { detail, noise, blur }) => void asked.push({ detail, noise, blur }),
      remove: async () => {},
    };
    const controller = new PanelController(new FakeElement(), { ...made.services, networks });
    open.push(controller);
    controller.hostConnected();
    await controller.ready;
    return { ...made, controller, asked };
  }

  test('are automatic until they are set, and show the network as it came', async () => {
    const { controller, settings } = await withEnds();
    expect(controller.can).toEqual({ detail: true, noise: true, blur: true });
    expect(controller.tuningShown).toEqual({ detail: 50, noise: 0, blur: 0 });
    expect(controller.effective).not.toHaveProperty('detail');
    controller.change({ detail: 70 });
    expect(controller.effective).toMatchObject({ detail: 70 });
    expect(controller.effective).not.toHaveProperty('noise');
    controller.change({ detail: undefined });
    expect(controller.effective).not.toHaveProperty('detail');
    expect(settings.saved!.detail).toBeUndefined();
  });

  test('mean nothing to a network that cannot be mixed', async () => {
    const { controller } = await withEnds();
    controller.change({ detail: 70, noise: 10, blur: 30 });
    for (const id of ['plain', 'mine']) {
      controller.chooseNetwork(id);
      expect(controller.can).toEqual({ detail: false, noise: false, blur: false });
      expect(controller.effective).not.toHaveProperty('detail');
      expect(controller.effective).not.toHaveProperty('noise');
      expect(controller.effective).not.toHaveProperty('blur');
    }
  });

  test('are carried out, and recorded', async () => {
    const { controller, services, asked } = await withEnds();
    const recorded: unknown[] = [];
    services.host.record = async (done) => void recorded.push(done);
    controller.change({ noise: 40, blur: 20 });
    await controller.start();
    expect(controller.state.work.kind).toBe('done');
    expect(asked).toEqual([{ detail: undefined, noise: 40, blur: 20 }]);
    expect(recorded).toEqual([expect.objectContaining({ model: 'photo', noise: 40, blur: 20 })]);
  });

  test('settings that take the place of others leave nothing of them', async () => {
    const { controller } = await withEnds();
    controller.change({ detail: 40 });
    const own = controller.state.settings;
    controller.replace({ ...defaultSettings, model: 'photo' });
    expect(controller.effective).not.toHaveProperty('detail');
    controller.replace(own);
    expect(controller.effective).toMatchObject({ detail: 40 });
  });
});

test('what was learned with one setting does not serve another', async () => {
  const target = { documentId: 1, layerId: 2, bounds: { x: 0, y: 0, width: 4, height: 4 } } as unknown as OpenedTarget;
  const network = await tinyModel();
  const key = (settings: object) => learnedKey(target, network, { ...defaultSettings, ...settings });
  const keys = [key({}), key({ detail: 40 }), key({ noise: 40 }), key({ detail: 45 }), key({ blur: 40 })];
  expect(new Set(keys).size).toBe(5);
  expect(key({ detail: 40 })).toBe(keys[1]);
});

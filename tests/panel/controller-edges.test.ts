import { getEventListeners } from 'node:events';
import { LWayError } from '../../src/engine/common/errors';
import type { PanelServices } from '../../src/panel/services';
import type { Learned } from '../../src/panel/learned';
import type { FinishedUpscale } from '../../src/panel/run-upscale';
import { PanelController } from '../../src/panel/controller';
import { controllers, createServices, FakeElement, never, until, waiting, WatchedEngine } from './support';

const { open, start, startLearning } = controllers();

describe('an upscale that somebody else asks for', () => {
  test('is told how it goes, and can be cancelled by its signal', async () => {
    const { engine } = waiting();
    const { controller } = await start({ engine });
    const abort = new AbortController();
    const heard: string[] = [];
    const run = controller.run(controller.effective, abort.signal, ({ type }) => heard.push(type));
    await until(() => engine.calls.length === 1);
    engine.calls[0]!.onEvent!({ type: 'phase', phase: 'upscaling' });
    expect(heard).toContain('phase');
    expect(controller.state.work).toMatchObject({ kind: 'running', job: { phase: 'upscaling' } });
    abort.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(controller.state.work).toEqual({ kind: 'cancelled' });
  });

  test('is cancelled for whatever reason the caller gives', async () => {
    const { engine } = waiting();
    const { controller } = await start({ engine });
    const abort = new AbortController();
    const run = controller.run(controller.effective, abort.signal);
    await until(() => engine.calls.length === 1);
    const reason = new Error('The step was left.');
    abort.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(controller.state.work).toEqual({ kind: 'cancelled' });
  });

  test('is not begun where it was cancelled before', async () => {
    const engine = new WatchedEngine();
    const { controller, services } = await start({ engine });
    const opened = jest.spyOn(services.host, 'open');
    await expect(controller.run(controller.effective, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(controller.state.work).toEqual({ kind: 'cancelled' });
    expect(opened).not.toHaveBeenCalled();
    expect(engine.calls).toHaveLength(0);
  });

  test('leaves nothing at its signal, which may serve many', async () => {
    const { controller } = await start();
    const { signal } = new AbortController();
    await controller.run(controller.effective, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

test('how long the next one takes is known from the last: by its tiles, for as many pixels', async () => {
  const now = jest.spyOn(performance, 'now');
  const at = (seconds: number) => now.mockReturnValue(1e6 + 1000 * seconds);
  const engine = new WatchedEngine((_, { onEvent }) => {
    const tiles = (done: number) => onEvent!({ type: 'progress', done, total: 4, unit: 'tile' });
    onEvent!({ type: 'phase', phase: 'upscaling' });
    at(5);
    tiles(1);
    at(7);
    tiles(2);
    now.mockRestore();
    return Promise.reject(new LWayError('internal', 'That is enough.', ''));
  });
  const { controller } = await start({ engine });
  at(0);
  await controller.start();
  // Two seconds a tile once the first is done.
  expect(controller.upscalingEstimate).toBeCloseTo(8, 9);
  expect(controller.estimate).toBeCloseTo(8, 9);
});

test('matching is counted in, but for a network that leaves it out', async () => {
  const { controller, network } = await startLearning();
  controller.tried('tiny', 50);
  expect(controller.estimate).toBeNull();
  Object.assign(network.entry, { forDrawings: true });
  // 20×14 pixels.
  expect(controller.estimate).toBeCloseTo(50 * 280e-6, 9);
});

test('without a picture it fails for that', async () => {
  const { controller, workspace } = await start();
  workspace.close(workspace.active!.id);
  await until(() => controller.state.document === null);
  await controller.start();
  expect(controller.state.work).toMatchObject({ kind: 'failed', error: { code: 'unsupported' } });
});

test('one that failed does not stand in the way of the next, and leaves nothing to be opened', async () => {
  let broken = true;
  const full = new LWayError('out-of-memory', 'It is full.', 'Make room.');
  const engine = new WatchedEngine(async () => (broken ? Promise.reject(full) : undefined));
  const { controller } = await start({ engine });
  const idle = controller.state.work;
  await controller.rescue();
  expect(controller.state.work).toBe(idle);
  await controller.start();
  const failed = controller.state.work;
  expect(failed).toMatchObject({ kind: 'failed', rescue: null });
  await controller.rescue();
  expect(controller.state.work).toBe(failed);
  broken = false;
  await controller.start();
  expect(controller.state.work.kind).toBe('done');
});

test('stopping early and cancelling are shown at once, and only of a job', async () => {
  const { engine } = waiting();
  const { controller } = await start({ engine });
  controller.stopEarly();
  controller.cancel();
  expect(controller.state.work).toEqual({ kind: 'idle' });
  const work = controller.start();
  await until(() => engine.calls.length === 1);
  expect(controller.state.work).toMatchObject({ job: { stopping: false, cancelling: false } });
  controller.stopEarly();
  expect(controller.state.work).toMatchObject({ job: { stopping: true, cancelling: false } });
  controller.cancel();
  expect(controller.state.work).toMatchObject({ job: { stopping: true, cancelling: true } });
  await work;
});

test('a preview makes room for the upscale, from its beginning', async () => {
  const { engine, go } = waiting();
  const { controller } = await start({ engine });
  await controller.openTryOut(null);
  expect(controller.state.tryOut).not.toBeNull();
  const work = controller.start();
  await until(() => engine.calls.length === 1);
  expect(controller.state.tryOut).toBeNull();
  go();
  await work;
});

test('what is open is asked again after a job, from an editor that does not tell of changes as well', async () => {
  const { services } = await createServices();
  services.host.onChange = () => () => undefined;
  const controller = new PanelController(new FakeElement(), services);
  open.push(controller);
  controller.hostConnected();
  await controller.ready;
  expect(controller.state.document).toMatchObject({ width: 20, height: 14 });
  await controller.start();
  expect(controller.state.document).toMatchObject({ width: 40, height: 28 });
});

test('a panel that is closed hears no more of the editor and the queue', async () => {
  const listeners = new Set<() => void>();
  const queue = {
    working: false,
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const { controller, services, workspace, element } = await start({ queue });
  const asked = jest.spyOn(services.host, 'describe');
  const select = (width: number) =>
    workspace.adjust(workspace.active!, { selection: { x: 0, y: 0, width, height: 2 } });
  const shown = element.updates;
  for (const listener of listeners) listener();
  expect(element.updates).toBe(shown + 1);
  select(2);
  expect(asked).toHaveBeenCalledTimes(1);
  controller.hostDisconnected();
  expect(listeners.size).toBe(0);
  select(3);
  expect(asked).toHaveBeenCalledTimes(1);
});

test('a panel that is closed ends its job', async () => {
  const { engine } = waiting();
  const { controller } = await start({ engine });
  const work = controller.start();
  await until(() => engine.calls.length === 1);
  controller.hostDisconnected();
  await work;
  expect(controller.state.work).toEqual({ kind: 'cancelled' });
});

test('what the editor has to say of a job is told with it', async () => {
  const { engine, go } = waiting();
  const { controller } = await start({ engine });
  const work = controller.start();
  await until(() => engine.calls.length === 1);
  controller.notice('The layer was unlocked.');
  go();
  await work;
  expect(controller.state.notices).toEqual(['The layer was unlocked.']);
});

test('messages of a job are told once each; that there is no GPU, once for all jobs', async () => {
  const noGpu = 'No GPU can be used here: it takes longer.';
  const engine = new WatchedEngine(async (_, { onEvent }) => {
    for (const message of [noGpu, 'The tile was halved.', 'The tile was halved.'])
      onEvent!({ type: 'notice', message });
  });
  const { controller } = await start({ engine });
  await controller.start();
  expect(controller.state.notices).toEqual([noGpu, 'The tile was halved.']);
  await controller.start();
  expect(controller.state.notices).toEqual(['The tile was halved.']);
  controller.dismiss();
  expect(controller.state).toMatchObject({ work: { kind: 'idle' }, notices: [] });
  // Nothing is at work: whose message would it be?
  controller.notice('Late.');
  expect(controller.state.notices).toEqual([]);
});

test('the element is told of every change', async () => {
  const { controller, element } = await start();
  const before = element.updates;
  controller.change({ strength: 0.5 });
  expect(element.updates).toBe(before + 1);
});

test('a result that could not be opened either is there still', async () => {
  const { engine, go } = waiting();
  const { controller, workspace } = await start({ engine });
  const job = controller.start();
  await until(() => engine.calls.length === 1);
  workspace.close(workspace.active!.id);
  go();
  await job;
  const { work } = controller.state;
  if (work.kind !== 'failed' || !work.rescue) throw new Error(work.kind);
  const { rescue } = work;
  const opening = (open: (signal: AbortSignal) => Promise<never>) => {
    const opened = { ...rescue, rescue: open };
    controller.state = { ...controller.state, work: { ...work, rescue: opened } };
    return opened;
  };
  let opened = opening(() => Promise.reject(new LWayError('out-of-memory', 'It is full.', 'Make room.')));
  await controller.rescue();
  expect(controller.state.work).toMatchObject({ kind: 'failed', error: { code: 'out-of-memory' } });
  expect((controller.state.work as typeof work).rescue).toBe(opened);

  opened = opening(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  );
  const before = controller.state.work;
  const cancelled = controller.rescue();
  controller.cancel();
  await cancelled;
  expect(controller.state.work).toBe(before);
  // As it was, it can be opened and put away.
  controller.state = { ...controller.state, work };
  await controller.rescue();
  expect(controller.state.work).toMatchObject({ kind: 'done', documentId: workspace.active!.id });
});

test('a result that could not be placed is given back when it is discarded', async () => {
  const { engine, go } = waiting();
  const { controller, workspace, stores } = await start({ engine });
  const work = controller.start();
  await until(() => engine.calls.length === 1);
  workspace.close(workspace.active!.id);
  go();
  await work;
  expect(controller.state.work).toMatchObject({ kind: 'failed', error: { code: 'document-changed' } });
  const whole = { x: 0, y: 0, width: 1, height: 1 };
  await expect(stores[1]!.read(never, whole)).resolves.toBeDefined();
  controller.dismiss();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await expect(stores[1]!.read(never, whole)).rejects.toThrow('disposed');
  expect(controller.obstacle).toBe('Open a picture to begin.');
});

describe('why nothing can be upscaled', () => {
  test('the queue is at work', async () => {
    const queue = { working: true, onChange: () => () => undefined };
    const { controller } = await start({ queue });
    expect(controller.obstacle).toMatch(/^The queue is at work/);
    queue.working = false;
    expect(controller.obstacle).toBe('');
  });

  test('not that the last one failed, where there is no result to be opened', async () => {
    const { controller, services } = await start();
    services.host.open = () => Promise.reject(new LWayError('unsupported', 'The layer is locked.', 'Unlock it.'));
    await controller.start();
    expect(controller.state.work).toMatchObject({ kind: 'failed', error: { message: 'The layer is locked.' } });
    expect(controller.obstacle).toBe('');
  });

  test('the editor or the list of networks has not answered', async () => {
    const { controller } = await start();
    const { state } = controller;
    controller.state = { ...state, networks: undefined };
    expect(controller.obstacle).toBe('Waiting for LWay…');
    controller.state = { ...state, document: undefined };
    expect(controller.obstacle).toBe('Waiting for LWay…');
  });

  test('there is no layer, no network, or the selection lies beside the layer', async () => {
    const { controller, workspace } = await start();
    const { document, networks } = controller.state;
    controller.state = { ...controller.state, document: { ...document!, activeLayer: null } };
    expect(controller.obstacle).toBe('Choose a layer to begin.');
    controller.state = { ...controller.state, document, networks: [] };
    expect(controller.obstacle).toMatch(/^No network was found/);
    controller.state = { ...controller.state, networks };
    workspace.adjust(workspace.active!, { selection: { x: 0, y: 0, width: 4, height: 4 } });
    await until(() => controller.state.document?.selection !== null);
    const layer = controller.state.document!.activeLayer!;
    const aside = { ...layer, bounds: { x: 10, y: 10, width: 4, height: 4 } };
    controller.state = { ...controller.state, document: { ...controller.state.document!, activeLayer: aside } };
    expect(controller.input).toBeNull();
    expect(controller.obstacle).toBe('The selection does not touch the layer.');
  });

  test.each([
    [0, 0],
    [5, 0],
    [0, 5],
  ])('the layer is empty: %i × %i', async (width, height) => {
    const { controller } = await start();
    const { document } = controller.state;
    const empty = { ...document!.activeLayer!, bounds: { x: 0, y: 0, width, height } };
    controller.state = { ...controller.state, document: { ...document!, activeLayer: empty } };
    expect(controller.input).toBeNull();
    expect(controller.obstacle).toBe('The layer has no pixels.');
  });

  test('the size cannot be: in the words of the error', async () => {
    const { controller } = await start();
    controller.change({ size: { width: 10, height: 10 } });
    expect(controller.obstacle).toMatch(/smaller than it is\..+\.$/);
  });
});

describe('what goes wrong outside of jobs', () => {
  test('networks that cannot be listed are a failure', async () => {
    const made = await createServices();
    const list = () => Promise.reject(new LWayError('missing-model', 'There is none.', 'Install it.'));
    const controller = new PanelController(new FakeElement(), {
      ...made.services,
      networks: { ...made.services.networks, list },
    });
    open.push(controller);
    controller.hostConnected();
    await controller.ready;
    expect(controller.state.work).toMatchObject({ kind: 'failed', error: { message: 'There is none.' }, rescue: null });
  });

  /** An editor whose answers the test gives. */
  async function asked(changes: Partial<PanelServices> = {}) {
    const made = await start(changes);
    const refusals: ((error: Error) => void)[] = [];
    made.services.host.describe = () => new Promise((_, reject) => refusals.push(reject));
    const change = async () => {
      const { document } = made.controller.state;
      const before = refusals.length;
      made.workspace.adjust(made.workspace.active!, {
        selection: { x: 0, y: 0, width: 1 + ((document?.selection?.width ?? 0) % 9), height: 2 },
      });
      await until(() => refusals.length > before);
    };
    const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
    return { ...made, refusals, change, settle };
  }

  test('an editor that refuses to say what is open is a failure, if nothing newer was asked and the panel is there', async () => {
    const { controller, refusals, change, settle } = await asked();
    await change();
    await change();
    refusals[0]!(new Error('An older question.'));
    await settle();
    expect(controller.state.work).toEqual({ kind: 'idle' });
    refusals[1]!(new LWayError('unsupported', 'Gone.', 'Open it again.'));
    await until(() => controller.state.work.kind !== 'idle');
    expect(controller.state.work).toMatchObject({ kind: 'failed', error: { message: 'Gone.' } });

    controller.dismiss();
    await change();
    controller.hostDisconnected();
    refusals[2]!(new LWayError('unsupported', 'Gone.', 'Open it again.'));
    await settle();
    expect(controller.state.work).toEqual({ kind: 'idle' });
  });

  test('a job that runs is not hidden by it', async () => {
    const { engine, go } = waiting();
    const { controller, services, refusals, change, settle } = await asked({ engine });
    const work = controller.start();
    await until(() => engine.calls.length === 1);
    await change();
    refusals[0]!(new LWayError('unsupported', 'Gone.', 'Open it again.'));
    await settle();
    expect(controller.state.work.kind).toBe('running');
    services.host.describe = async () => null;
    go();
    await work;
    expect(controller.state.work.kind).toBe('done');
  });

  test('a panel that was closed meanwhile tells of nothing that came too late', async () => {
    const made = await createServices();
    const refusals: ((error: Error) => void)[] = [];
    const late = () => new Promise<never>((_, reject) => refusals.push(reject));
    const networks = { ...made.services.networks, list: late };
    const controller = new PanelController(new FakeElement(), { ...made.services, networks });
    controller.hostConnected();
    await until(() => refusals.length === 1);
    controller.hostDisconnected();
    refusals[0]!(new LWayError('missing-model', 'There is none.', 'Install it.'));
    await controller.ready;
    expect(controller.state.work).toEqual({ kind: 'idle' });

    const other = await start({ networks: { ...made.services.networks, add: late } });
    const added = other.controller.addNetwork([new File(['x'], 'a.onnx')]);
    await until(() => refusals.length === 2);
    other.controller.hostDisconnected();
    refusals[1]!(new LWayError('bad-model', 'It has no image.', 'Choose another.'));
    await added;
    expect(other.controller.state.adding).toEqual({ name: 'a.onnx', refused: [] });
  });

  test('it is ready once the editor has answered as well', async () => {
    const made = await createServices();
    let say: (document: null) => void = () => {};
    made.services.host.describe = () => new Promise((resolve) => (say = resolve));
    const controller = new PanelController(new FakeElement(), made.services);
    open.push(controller);
    controller.hostConnected();
    let ready = false;
    const wait = controller.ready.then(() => (ready = true));
    await until(() => controller.state.noAdaptation !== null);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(ready).toBe(false);
    say(null);
    await wait;
  });

  test('settings that were changed before none were found are kept', async () => {
    const made = await createServices();
    let found: (saved: null) => void = () => {};
    const settings = { load: () => new Promise<null>((resolve) => (found = resolve)), save: async () => {} };
    const controller = new PanelController(new FakeElement(), { ...made.services, settings });
    open.push(controller);
    controller.hostConnected();
    controller.change({ strength: 0.25 });
    found(null);
    await controller.ready;
    expect(controller.state.settings.strength).toBe(0.25);
  });

  test('a panel that is closed waits no longer for an editor that is silent', async () => {
    const made = await createServices();
    made.services.host.describe = () => new Promise<never>(() => {});
    jest.useFakeTimers();
    try {
      const controller = new PanelController(new FakeElement(), made.services);
      controller.hostConnected();
      expect(jest.getTimerCount()).toBe(1);
      controller.hostDisconnected();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test('an editor that answers is not called silent later', async () => {
    const made = await createServices();
    jest.useFakeTimers();
    try {
      const controller = new PanelController(new FakeElement(), made.services);
      open.push(controller);
      controller.hostConnected();
      await controller.ready;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(controller.state.silent).toBe(false);
    } finally {
      jest.useRealTimers();
    }
  });
});

test('where there is no result there is nothing to compare', async () => {
  const { controller } = await start();
  await controller.compareUnadapted(null);
  await controller.compareUnadapted({ x: 0, y: 0, width: 4, height: 4 });
  await controller.previewStrength(0.5, { x: 0, y: 0, width: 4, height: 4 });
  expect(controller.state.work).toEqual({ kind: 'idle' });
  expect(controller.state.notices).toEqual([]);
});

test('another strength can be put into a result that is there, was matched, and lies where pixels can be replaced', async () => {
  const { controller, services } = await start();
  await controller.start();
  const { work } = controller.state;
  if (work.kind !== 'done') throw new Error(work.kind);
  const learned: Learned = { key: 'this picture', weights: new Uint8Array(1) };
  const can = (changes: Partial<FinishedUpscale>) =>
    controller.canApply({ ...work, finished: { ...work.finished, ...changes } });
  expect(can({ learned })).toBe(true);
  expect(can({ learned: null })).toBe(false);
  expect(can({ learned, placed: null })).toBe(false);
  services.host.replace = undefined;
  expect(can({ learned })).toBe(false);
});

describe('the piece that is tried', () => {
  test('stays while the picture does, and goes with its layer and its document', async () => {
    const { controller, workspace, services } = await start();
    const { pixels } = workspace.active!.state.layers[0]!;
    // A second layer of the same picture.
    await controller.start();
    await controller.openTryOut(null);
    expect(controller.state.tryOut).not.toBeNull();
    workspace.adjust(workspace.active!, { selection: { x: 0, y: 0, width: 9, height: 9 } });
    await until(() => controller.state.document?.selection !== null);
    expect(controller.state.tryOut).not.toBeNull();
    services.host.activateLayer!(workspace.active!.state.layers[1]!.id);
    await until(() => controller.state.document?.activeLayer?.name === 'Background');
    expect(controller.state.tryOut).toBeNull();

    await controller.openTryOut(null);
    const { id } = controller.state.document!;
    workspace.add('other.png', 'Other', pixels);
    await until(() => controller.state.document?.id !== id);
    expect(controller.state.tryOut).toBeNull();
  });

  test('is not opened while an upscale runs; that it cannot be had is a message', async () => {
    const { engine, go } = waiting();
    const { controller, services } = await start({ engine });
    const work = controller.start();
    await until(() => engine.calls.length === 1);
    await controller.openTryOut(null);
    expect(controller.state.tryOut).toBeNull();
    go();
    await work;
    services.host.open = () => Promise.reject(new LWayError('unsupported', 'The layer is locked.', 'Unlock it.'));
    await controller.openTryOut(null);
    expect(controller.state).toMatchObject({ tryOut: null, notices: ['The layer is locked.'] });
  });

  test('needs a picture and a network', async () => {
    const made = await createServices();
    const none = { ...made.services.networks, list: async () => [] };
    const { controller, services } = await start({ networks: none });
    const opened = jest.spyOn(services.host, 'open');
    await controller.openTryOut(null);
    const other = await start();
    other.workspace.close(other.workspace.active!.id);
    await until(() => other.controller.state.document === null);
    const openedThere = jest.spyOn(other.services.host, 'open');
    await other.controller.openTryOut(null);
    expect([opened, openedThere].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    expect([controller, other.controller].map(({ state }) => state.notices)).toEqual([[], []]);
  });

  test('is given up for another one, and when the panel is closed', async () => {
    const { controller, services } = await start();
    const signals: AbortSignal[] = [];
    services.host.open = (signal) => {
      signals.push(signal);
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    };
    const opened = [controller.openTryOut(null), controller.openTryOut(null)];
    await until(() => signals.length === 2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    controller.hostDisconnected();
    expect(signals[1]!.aborted).toBe(true);
    await Promise.all(opened);
  });

  test('is not shown where it was left while its pixels were read, and its layer is closed in any case', async () => {
    const { controller, services } = await start();
    const { host } = services;
    const open = host.open.bind(host);
    let closed = 0;
    let leave = true;
    host.open = async (signal, target) => {
      const opened = await open(signal, target);
      const read: typeof opened.source.read = (_, rect) => {
        if (leave) controller.closeTryOut();
        return opened.source.read(never, rect);
      };
      const close = async () => void (await opened.close(), (closed += 1));
      return { ...opened, source: { ...opened.source, read }, close };
    };
    await controller.openTryOut(null);
    expect(controller.state).toMatchObject({ tryOut: null, notices: [] });
    expect(closed).toBe(1);
    leave = false;
    await controller.openTryOut(null);
    expect(controller.state.tryOut).not.toBeNull();
    expect(closed).toBe(2);
  });

  test('that it was left before it came is nothing to tell', async () => {
    const { controller, services } = await start();
    let opening = false;
    services.host.open = (signal) =>
      new Promise((_, reject) => {
        opening = true;
        signal.addEventListener('abort', () => reject(new LWayError('internal', 'Too late.', '')));
      });
    const opened = controller.openTryOut(null);
    await until(() => opening);
    controller.closeTryOut();
    await opened;
    expect(controller.state).toMatchObject({ tryOut: null, notices: [] });
  });

  test('tells how long the picture will take: as its pixels are many', async () => {
    const { controller, element } = await start();
    expect(controller.upscalingEstimate).toBeNull();
    const shown = element.updates;
    controller.tried('tiny', 50);
    expect(element.updates).toBe(shown + 1);
    // 20×14 pixels.
    expect(controller.upscalingEstimate).toBeCloseTo(50 * 280e-6, 9);
    expect(controller.estimate).toBeCloseTo(50 * 280e-6, 9);
  });
});

describe('networks of the person’s own', () => {
  test('those given while others are taken in do not hide what was refused before', async () => {
    const made = await createServices();
    const answers: (() => void)[] = [];
    const add = () =>
      new Promise<never>((_, reject) =>
        answers.push(() => reject(new LWayError('bad-model', 'It has no image.', 'Choose another.'))),
      );
    const { controller } = await start({ networks: { ...made.services.networks, add } });
    const all = [
      controller.addNetwork([new File(['x'], 'a.onnx')]),
      controller.addNetwork([new File(['x'], 'b.onnx')]),
    ];
    await until(() => answers.length === 1);
    expect(controller.state.adding).toEqual({ name: 'a.onnx', refused: [] });
    answers[0]!();
    await until(() => answers.length === 2);
    all.push(controller.addNetwork([new File(['x'], 'c.onnx')]));
    expect(controller.state.adding).toMatchObject({ name: 'b.onnx', refused: [{ name: 'a.onnx' }] });
    answers[1]!();
    await until(() => answers.length === 3);
    answers[2]!();
    await Promise.all(all);
    expect(controller.state.adding!.refused.map(({ name }) => name)).toEqual(['a.onnx', 'b.onnx', 'c.onnx']);
  });

  test('one that is taken in is listed and chosen, with its companion; one that is removed gives way to the default', async () => {
    const made = await createServices();
    const mine = { entry: { ...made.network.entry, id: 'mine', name: 'Mine' }, own: true };
    let listed = await made.services.networks.list(never);
    const given: unknown[] = [];
    const networks: PanelServices['networks'] = {
      ...made.services.networks,
      list: async () => listed,
      add: async (_, name, bytes, companion) => {
        given.push([name, bytes.length, companion?.name, companion?.bytes.length]);
        listed = [...listed, mine];
        return mine;
      },
      remove: async (id) => void (listed = listed.filter(({ entry }) => entry.id !== id)),
    };
    const { controller, settings } = await start({ networks });
    await controller.addNetwork([new File(['xyz'], 'mine.param'), new File(['xy'], 'mine.bin')]);
    expect(given).toEqual([['mine.param', 3, 'mine.bin', 2]]);
    expect(controller.state).toMatchObject({ adding: { name: null, refused: [] }, settings: { model: 'mine' } });
    expect(controller.style!.name).toBe('Mine');
    await controller.removeNetwork('mine');
    expect(settings.saved!.model).toBe('default');
    expect(controller.state.networks).toHaveLength(1);
    expect(controller.network!.entry.id).toBe('tiny');
  });

  test('no file is no network', async () => {
    const { controller } = await start();
    await controller.addNetwork([]);
    expect(controller.state.adding).toBeNull();
  });
});

test('an editor that cannot make what is wanted makes what it can', async () => {
  const { controller, services } = await start();
  controller.change({ destination: 'document' });
  expect(controller.effective.destination).toBe('document');
  for (const only of ['layer', 'document'] as const) {
    Object.assign(services.host.capabilities, { destinations: [only] });
    for (const destination of ['layer', 'document'] as const) {
      controller.change({ destination });
      expect(controller.effective.destination).toBe(only);
    }
  }
});

import { LWayError } from '../../src/engine/errors';
import type { PanelServices } from '../../src/panel/services';
import type { Learned } from '../../src/panel/learned';
import type { FinishedUpscale } from '../../src/panel/run-upscale';
import { PanelController } from '../../src/panel/controller';
import { controllers, createServices, FakeElement, never, until, waiting, WatchedEngine } from './support';

const { open, start } = controllers();

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
    const { controller } = await start({ engine });
    await expect(controller.run(controller.effective, AbortSignal.abort())).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(controller.state.work).toEqual({ kind: 'cancelled' });
    expect(engine.calls).toHaveLength(0);
  });
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

test('a panel that is closed ends its job', async () => {
  const { engine } = waiting();
  const { controller } = await start({ engine });
  const work = controller.start();
  await until(() => engine.calls.length === 1);
  controller.hostDisconnected();
  await work;
  expect(controller.state.work).toEqual({ kind: 'cancelled' });
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

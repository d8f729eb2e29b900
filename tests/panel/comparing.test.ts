import { ownTuning } from '../../src/engine';
import { LWayError } from '../../src/engine/common/errors';
import type { PanelController } from '../../src/panel/controller';
import type { Done } from '../../src/panel/state';
import { controllers, LearningEngine, never, until } from './support';

// What can be done with a result that was matched: looked at with other strengths, compared, made anew with one.

const { startLearning } = controllers();
const place = { x: 10, y: 6, width: 12, height: 10 };

/** A finished upscale, and what the engine does next in the hands of the test. */
async function finished() {
  let next: (signal: AbortSignal) => Promise<void> = async () => {};
  const signals: AbortSignal[] = [];
  const engine = new LearningEngine((signal) => {
    signals.push(signal);
    return next(signal);
  });
  const made = await startLearning(engine);
  await made.controller.start();
  signals.length = 0;
  return { ...made, signals, engineDoes: (what: typeof next) => (next = what) };
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
const refuse = () => Promise.reject(new LWayError('device-lost', 'The device is lost.', 'Try again.'));

function done({ state: { work } }: PanelController) {
  if (work.kind !== 'done') throw new Error(JSON.stringify(work));
  return work;
}

/** The same result with the same preview, shown as it was. */
function expectSame(controller: PanelController, before: Done): void {
  const { finished, preview, previewing, documentId } = done(controller);
  expect(finished).toBe(before.finished);
  expect(preview).toBe(before.preview);
  expect({ previewing, documentId }).toEqual({ previewing: false, documentId: before.documentId });
}

test('a preview that fails is a message, and the result stays as it is shown', async () => {
  const { controller, engineDoes } = await finished();
  const before = done(controller);
  engineDoes(refuse);
  await controller.previewStrength(0.5, place);
  expect(controller.state.notices).toEqual(['The device is lost.']);
  expectSame(controller, before);
});

test.each<[string, (controller: PanelController) => unknown]>([
  ['the comparison with the picture', (controller) => controller.compareUnadapted(null)],
  ['putting the result away', (controller) => controller.dismiss()],
  ['closing the panel', (controller) => controller.hostDisconnected()],
  ['another upscale', (controller) => controller.start()],
  ['another preview', (controller) => controller.previewStrength(0.2, place)],
])('a preview is given up for %s', async (_, what) => {
  const { controller, signals, engineDoes } = await finished();
  engineDoes(untilAborted);
  const preview = controller.previewStrength(0.5, place);
  await until(() => signals.length === 1);
  engineDoes(async () => {});
  const other = what(controller);
  expect(signals[0]!.aborted).toBe(true);
  await preview;
  await other;
  expect(controller.state.notices).toEqual([]);
});

test('a preview is given up where the editor fails', async () => {
  const { controller, workspace, signals, engineDoes } = await finished();
  engineDoes(untilAborted);
  const preview = controller.previewStrength(0.5, place);
  await until(() => signals.length === 1);
  controller.services.host.describe = refuse;
  workspace.adjust(workspace.active!, { selection: { x: 0, y: 0, width: 2, height: 2 } });
  await until(() => controller.state.work.kind === 'failed');
  await preview;
  expect(signals[0]!.aborted).toBe(true);
  expect(controller.state.notices).toEqual([]);
});

test('the one that was given up does not end the wait for the other', async () => {
  const { controller, signals, engineDoes } = await finished();
  engineDoes(untilAborted);
  const first = controller.previewStrength(0.5, place);
  await until(() => signals.length === 1);
  const second = controller.previewStrength(0.6, place);
  await first;
  expect(done(controller).previewing).toBe(true);
  await until(() => signals.length === 2);
  await controller.compareUnadapted(null);
  await second;
  expect(done(controller).previewing).toBe(false);
});

test('one that was given up in its last moment is not shown', async () => {
  const { controller } = await finished();
  const { createStore } = controller.services;
  Object.assign(controller.services, {
    createStore: () => {
      const store = createStore();
      const dispose = store.dispose.bind(store);
      store.dispose = async () => {
        await controller.compareUnadapted(null);
        await dispose();
      };
      return store;
    },
  });
  await controller.previewStrength(0.5, place);
  expect(done(controller)).toMatchObject({ preview: null, previewing: false });
});

test('a result that was not matched has nothing to preview', async () => {
  const { controller, engine } = await startLearning();
  controller.change({ adapt: 'off' });
  await controller.start();
  const { work } = controller.state;
  const calls = engine.calls.length;
  await controller.previewStrength(0.5, place);
  expect(engine.calls).toHaveLength(calls);
  expect(controller.state).toMatchObject({ work, notices: [] });
});

describe('a strength that is put into the result', () => {
  test('and fails is a message; the result and its preview stay', async () => {
    const { controller, engineDoes } = await finished();
    await controller.previewStrength(0.5, place);
    const before = done(controller);
    engineDoes(refuse);
    await controller.applyTried();
    expectSame(controller, before);
    expect(controller.state.notices).toEqual(['The device is lost.']);
    // It can be read still.
    await before.finished.after.read(never, place);
  });

  test('and is cancelled is nothing to tell', async () => {
    const { controller, signals, engineDoes } = await finished();
    await controller.previewStrength(0.5, place);
    const before = done(controller);
    signals.length = 0;
    engineDoes(untilAborted);
    const applied = controller.applyTried();
    await until(() => signals.length === 1);
    controller.cancel();
    await applied;
    expectSame(controller, before);
    expect(controller.state.notices).toEqual([]);
  });
});

test('Detail, Noise and Blur are shown as the last picture got them, by the network that made it', async () => {
  const { controller, network } = await finished();
  const own = { entry: { ...network.entry, id: 'other', name: 'Other' }, own: false };
  const work = done(controller);
  const tuning = { detail: 70, noise: 20, blur: 10 };
  const usual = ownTuning(network.entry);
  expect(controller.tuningShown).toEqual(usual);
  const report = { ...work.finished.report, tuning };
  controller.state = {
    ...controller.state,
    networks: [...controller.state.networks!, own],
    work: { ...work, finished: { ...work.finished, report } },
  };
  expect(controller.tuningShown).toEqual(tuning);
  controller.chooseNetwork('other');
  expect(controller.tuningShown).toEqual(usual);
  controller.state = { ...controller.state, networks: [] };
  expect(controller.tuningShown).toEqual({ detail: 50, noise: 0, blur: 0 });
});

import { defaultSettings } from '../../src/actions/settings';
import { LWayError } from '../../src/engine/common/errors';
import { sourceOf } from '../../src/engine/raster/memory-source';
import type { FileFolder, PictureFiles } from '../../src/panel/queue/picture-files';
import { PictureQueue } from '../../src/panel/queue/queue';
import { createServices, waiting, WatchedEngine } from './support';

/** A folder in memory. */
class MemoryFolder implements FileFolder {
  readonly files = new Map<string, Uint8Array>();
  async get(name: string): Promise<File> {
    const bytes = this.files.get(name);
    if (!bytes) throw new Error(`${name} is not there`);
    return new File([bytes as Uint8Array<ArrayBuffer>], name);
  }
  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, bytes.slice());
  }
  async delete(name: string): Promise<void> {
    this.files.delete(name);
  }
}

/** Every byte of a file is a pixel of a picture one pixel high; results are written in the same way. */
const files: PictureFiles = {
  formats: [{ id: 'raw', name: 'Raw', lossy: false }],
  async decode(_, name, bytes) {
    if (name.includes('broken')) throw new LWayError('bad-image', `“${name}” is broken.`, 'Choose another.');
    const data = new Float32Array(bytes.length * 3);
    for (let c = 0; c < 3; c++) for (let i = 0; i < bytes.length; i++) data[c * bytes.length + i] = bytes[i]! / 255;
    return { source: sourceOf({ width: bytes.length, height: 1, channels: 3, data }) };
  },
  async encode(signal, result, { name, scale }) {
    const { width } = result.info;
    const { data } = await result.read(signal, { x: 0, y: 0, width, height: 1 });
    const bytes = Uint8Array.from(data.subarray(0, width), (value) => 255 * value);
    return { name: `${name}-x${scale}.raw`, file: new Blob([bytes]) };
  },
};

const picture = (name: string) => new File([new Uint8Array(16).fill(90)], name);

async function start(folder: FileFolder | null = new MemoryFolder(), engine = new WatchedEngine()) {
  const { services, network } = await createServices({ engine });
  const settings = { ...defaultSettings, size: { scale: 2 }, adapt: 'off' as const };
  const context = () => ({ settings, networks: [{ entry: network.entry, own: false }] });
  const queue = new PictureQueue(services, files, folder, context);
  return { queue, folder, engine, context, services };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

const kinds = (queue: PictureQueue) => queue.items.map(({ state }) => state.kind);

test('one that fails stops none of the others, and can be tried again', async () => {
  const { queue, engine } = await start();
  await queue.add([picture('a'), picture('broken'), picture('b')]);
  queue.start();
  await until(() => !queue.running);
  expect(kinds(queue)).toEqual(['done', 'failed', 'done']);
  expect(queue.results().map(({ name }) => name)).toEqual(['a-x2.raw', 'b-x2.raw']);
  expect(new Uint8Array(await queue.results()[0]!.file.arrayBuffer())).toHaveLength(32);
  queue.retry(queue.items[1]!.id);
  await until(() => !queue.running);
  expect(kinds(queue)).toEqual(['done', 'failed', 'done']);
  await engine.dispose();
});

test('paused, the picture at work waits again; what is taken off at work is gone', async () => {
  const { engine, go } = waiting();
  const { queue } = await start(new MemoryFolder(), engine);
  await queue.add([picture('a'), picture('b')]);
  queue.start();
  await until(() => engine.calls.length === 1);
  expect(kinds(queue)).toEqual(['working', 'waiting']);
  queue.pause();
  await until(() => !queue.working);
  expect(kinds(queue)).toEqual(['waiting', 'waiting']);
  queue.start();
  await until(() => engine.calls.length === 2);
  queue.remove(queue.items[0]!.id);
  await until(() => engine.calls.length === 3);
  go();
  await until(() => !queue.running);
  expect(queue.items.map(({ name, state }) => [name, state.kind])).toEqual([['b', 'done']]);
  await engine.dispose();
});

test('it is there again after a reload, those of other pages with it', async () => {
  const { queue, folder, context, services, engine } = await start();
  await queue.add([picture('a'), picture('broken'), picture('b')]);
  queue.setOutput({ format: 'raw', quality: 70 });
  queue.start();
  await until(() => !queue.running);
  queue.markSaved([queue.items[0]!.id]);
  const other = new MemoryFolder();
  const second = new PictureQueue(services, files, other, context);
  await second.add([picture('a'), picture('c')]);
  await new Promise((resolve) => setTimeout(resolve, 5)); // what is kept is written one after the other
  const third = new PictureQueue(services, files, folder, context);
  expect(await third.restore([other])).toBe(5);
  expect(third.output).toEqual({ format: 'raw', quality: 70 });
  expect(third.items.map(({ name, state }) => [name, state.kind])).toEqual([
    ['a', 'done'],
    ['broken', 'failed'],
    ['b', 'done'],
    ['a', 'waiting'],
    ['c', 'waiting'],
  ]);
  expect(third.unsaved).toBe(1);
  third.start();
  await until(() => !third.running);
  // Two of one name do not overwrite each other.
  expect(third.results().map(({ name }) => name)).toEqual(['a-x2.raw', 'b-x2.raw', 'a-x2 (2).raw', 'c-x2.raw']);
  third.clear();
  await until(() => (folder as MemoryFolder).files.size === 1);
  await engine.dispose();
});

test('results go where they are to be saved, those to come as well; where that fails it says so and goes on', async () => {
  const { queue, engine } = await start(null);
  await queue.add([picture('a'), picture('b'), picture('c')]);
  const saved: string[] = [];
  await queue.saveAll(async (name) => {
    if (name.startsWith('b')) throw new LWayError('storage', 'It is full.', 'Make room.');
    saved.push(name);
  });
  queue.start();
  await until(() => !queue.running);
  expect(kinds(queue)).toEqual(['done', 'done', 'done']);
  expect(saved).toEqual(['a-x2.raw']);
  expect(queue.trouble).toMatchObject({ message: 'It is full.' });
  expect(queue.unsaved).toBe(2);
  await engine.dispose();
});

test('steps are carried out one after the other', async () => {
  const { queue, engine } = await start();
  await queue.add([picture('a')]);
  const step = { ...defaultSettings, model: 'tiny', size: { scale: 2 }, adapt: 'off' as const };
  queue.setSteps({ name: 'twice', steps: [step, step] });
  queue.start();
  await until(() => !queue.running);
  expect(queue.results().map(({ name }) => name)).toEqual(['a-x4.raw']);
  await engine.dispose();
});

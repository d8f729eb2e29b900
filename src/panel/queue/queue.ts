import type { UpscaleSettings } from '../../actions/settings';
import { isAbort, type PlainError, toPlainError } from '../../engine';
import type { NetworkChoice, PanelServices } from '../services';
import { phaseName } from '../messages';
import type { FileFolder, OutputFormat, PictureFiles } from './picture-files';
import { upscalePicture } from './upscale-picture';

/** A picture in the queue. */
export interface QueueItem {
  readonly id: number;
  readonly name: string;
  readonly input: Blob;
  readonly state:
    | { readonly kind: 'waiting' }
    | { readonly kind: 'working'; readonly text: string; /** 0..1 */ readonly done: number | null }
    | {
        readonly kind: 'done';
        readonly name: string;
        readonly file: Blob;
        readonly saved: boolean;
        /** What was done to the picture besides. */
        readonly note?: string;
      }
    | { readonly kind: 'failed'; readonly error: PlainError };
}

/** What the queue's pictures are upscaled with, where no recorded steps are. */
export interface QueueContext {
  readonly settings: UpscaleSettings;
  readonly networks: readonly NetworkChoice[];
}

interface Manifest {
  version: 1;
  output: OutputFormat;
  items: { id: number; name: string; done?: string; saved?: boolean; error?: PlainError }[];
}

const manifestName = 'queue.json';

/**
 * Upscales pictures one after the other, each to a file. One that fails stops none of the others. What it holds is kept
 * in a folder, where there is one, and is there again after a reload.
 */
export class PictureQueue {
  items: readonly QueueItem[] = [];
  /** It goes on with the next picture. */
  running = false;
  output: OutputFormat = { format: 'same', quality: 90 };
  /** Recorded steps, with the name of their file; null: the settings of the moment. */
  steps: { readonly name: string; readonly steps: readonly UpscaleSettings[] } | null = null;
  /** What could not be kept or saved. */
  trouble: PlainError | null = null;
  /** Where each result goes as soon as it is there. */
  private saveTo: ((name: string, file: Blob) => Promise<void>) | null = null;
  private readonly listeners = new Set<() => void>();
  private current: { id: number; stop: AbortController } | null = null;
  private ids = 0;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly services: Pick<PanelServices, 'engine' | 'networks' | 'createStore'>,
    private readonly files: PictureFiles,
    private readonly folder: FileFolder | null,
    private readonly context: () => QueueContext,
  ) {}

  get formats(): PictureFiles['formats'] {
    return this.files.formats;
  }

  get working(): boolean {
    return this.current !== null;
  }

  /** Results that are in no file of the person's. */
  get unsaved(): number {
    return this.items.filter(({ state }) => state.kind === 'done' && !state.saved).length;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Takes up what closed pages left behind: in the folder, and in those of other pages, from where it is moved here.
   * @param others to be removed by the caller afterwards
   * @returns the number of pictures
   */
  async restore(others: readonly Pick<FileFolder, 'get'>[] = []): Promise<number> {
    if (!this.folder) return 0;
    const own = await readKept(this.folder);
    this.items = own?.items ?? [];
    this.output = own?.output ?? this.output;
    this.ids = Math.max(0, ...this.items.map(({ id }) => id));
    for (const folder of others) {
      for (const { name, input, state } of (await readKept(folder))?.items ?? []) {
        const id = (this.ids += 1);
        await this.folder.put(`in-${id}`, await bytesOf(input));
        if (state.kind === 'done') await this.folder.put(`out-${id}`, await bytesOf(state.file));
        const file = state.kind === 'done' ? await this.folder.get(`out-${id}`) : null;
        const moved = { id, name, input: await this.folder.get(`in-${id}`) };
        this.items = [...this.items, { ...moved, state: state.kind === 'done' ? { ...state, file: file! } : state }];
      }
    }
    if (others.length > 0) await this.kept(async () => {});
    this.changed();
    return this.items.length;
  }

  async add(files: readonly File[]): Promise<void> {
    const added = files.map((file): QueueItem => {
      const id = (this.ids += 1);
      return { id, name: file.name, input: file, state: { kind: 'waiting' } };
    });
    this.items = [...this.items, ...added];
    this.changed();
    await this.kept(async (folder) => {
      for (const { id, input } of added) await folder.put(`in-${id}`, await bytesOf(input));
    });
  }

  remove(id: number): void {
    if (this.current?.id === id) this.current.stop.abort(stopped());
    this.items = this.items.filter((item) => item.id !== id);
    this.changed();
    void this.kept(async (folder) => {
      for (const name of [`in-${id}`, `out-${id}`]) await folder.delete(name);
    });
  }

  clear(): void {
    this.pause();
    for (const { id } of this.items) this.remove(id);
  }

  /** Puts a picture that failed, or one to be made anew, back to those that wait; and goes on. */
  retry(id: number): void {
    this.set(id, { kind: 'waiting' });
    this.start();
  }

  setOutput(output: Partial<OutputFormat>): void {
    this.output = { ...this.output, ...output };
    this.changed();
    void this.kept(async () => {});
  }

  setSteps(steps: PictureQueue['steps']): void {
    this.steps = steps;
    this.changed();
  }

  start(): void {
    this.running = true;
    this.changed();
    if (!this.current) void this.work();
  }

  /** Stops at once; the picture at work begins anew when it goes on. */
  pause(): void {
    this.running = false;
    this.current?.stop.abort(stopped());
    this.changed();
  }

  /** Gives every result, those that are there and those to come, to `save`; null: none any more. */
  async saveAll(save: ((name: string, file: Blob) => Promise<void>) | null): Promise<void> {
    this.saveTo = save;
    for (const { id } of this.items) await this.saveOne(id);
  }

  /** The results under names of which none is there twice. */
  results(): { id: number; name: string; file: Blob }[] {
    const used = new Set<string>();
    return this.items.flatMap(({ id, state }) => {
      if (state.kind !== 'done') return [];
      const name = unused(state.name, used);
      used.add(name.toLowerCase());
      return [{ id, name, file: state.file }];
    });
  }

  markSaved(ids: readonly number[]): void {
    for (const { id, state } of this.items) {
      if (state.kind === 'done' && ids.includes(id)) this.set(id, { ...state, saved: true });
    }
    void this.kept(async () => {});
  }

  private async work(): Promise<void> {
    for (let next = this.next(); next && this.running; next = this.next()) {
      const { id } = next;
      const stop = new AbortController();
      this.current = { id, stop };
      try {
        await this.make(stop.signal, next);
        await this.saveOne(id);
      } catch (error) {
        if (isAbort(error) || stop.signal.aborted) this.set(id, { kind: 'waiting' });
        else this.set(id, { kind: 'failed', error: toPlainError(error) });
      } finally {
        this.current = null;
      }
      void this.kept(async () => {});
    }
    this.running = false;
    this.changed();
  }

  private next(): QueueItem | undefined {
    return this.items.find(({ state }) => state.kind === 'waiting');
  }

  private async make(signal: AbortSignal, { id, name, input }: QueueItem): Promise<void> {
    const { settings, networks } = this.context();
    const steps = this.steps?.steps ?? [settings];
    const say = (text: string, done: number | null) => this.set(id, { kind: 'working', text, done });
    say('Opening', null);
    const bytes = new Uint8Array(await input.arrayBuffer());
    const { source, metadata, notices } = await this.files.decode(signal, name, bytes);
    signal.throwIfAborted();
    let phase = phaseName('preparing');
    const result = await upscalePicture(signal, this.services, networks, steps, source, (event, step) => {
      const before = steps.length > 1 ? `Step ${step + 1} of ${steps.length}: ` : '';
      if (event.type === 'phase') say(before + (phase = phaseName(event.phase)), null);
      if (event.type === 'progress') say(before + phase, event.done / event.total);
    });
    try {
      say('Writing the file', null);
      const scale = result.info.width / source.info.width;
      const made = await this.files.encode(signal, result, { ...this.output, name, scale, metadata });
      // From the folder it takes no memory.
      const file = await this.keepResult(id, made.file);
      this.set(id, { kind: 'done', name: made.name, file, saved: false, note: notices?.join(' ') || undefined });
    } finally {
      await result.dispose();
    }
  }

  private async keepResult(id: number, file: Blob): Promise<Blob> {
    let stored: Blob = file;
    await this.kept(async (folder) => {
      await folder.put(`out-${id}`, await bytesOf(file));
      stored = await folder.get(`out-${id}`);
    });
    return stored;
  }

  private async saveOne(id: number): Promise<void> {
    const result = this.results().find((one) => one.id === id);
    const state = this.items.find((item) => item.id === id)?.state;
    if (!this.saveTo || !result || state?.kind !== 'done' || state.saved) return;
    try {
      await this.saveTo(result.name, result.file);
      this.markSaved([id]);
    } catch (error) {
      this.saveTo = null;
      this.trouble = toPlainError(error);
      this.changed();
    }
  }

  /** Does something in the folder and then writes down what is in the queue; one after the other. */
  private kept(work: (folder: FileFolder) => Promise<void>): Promise<void> {
    const { folder } = this;
    if (!folder) return Promise.resolve();
    this.writing = this.writing.then(async () => {
      try {
        await work(folder);
        const items = this.items.map(({ id, name, state }) => ({
          id,
          name,
          ...(state.kind === 'done' ? { done: state.name, saved: state.saved } : {}),
          ...(state.kind === 'failed' ? { error: state.error } : {}),
        }));
        const manifest: Manifest = { version: 1, output: this.output, items };
        await folder.put(manifestName, new TextEncoder().encode(JSON.stringify(manifest)));
      } catch (error) {
        this.trouble = toPlainError(error);
        this.changed();
      }
    });
    return this.writing;
  }

  private set(id: number, state: QueueItem['state']): void {
    this.items = this.items.map((item) => (item.id === id ? { ...item, state } : item));
    this.changed();
  }

  private changed(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

/** What a queue has kept in its folder; null where there is nothing, or nothing that can be read. */
async function readKept(folder: Pick<FileFolder, 'get'>): Promise<{ output: OutputFormat; items: QueueItem[] } | null> {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await (await folder.get(manifestName)).text()) as Manifest;
  } catch {
    return null;
  }
  const items: QueueItem[] = [];
  for (const { id, name, done, saved, error } of manifest.items) {
    const input = await folder.get(`in-${id}`).catch(() => null);
    if (!input) continue;
    const file = done === undefined ? null : await folder.get(`out-${id}`).catch(() => null);
    const waiting: QueueItem['state'] = error ? { kind: 'failed', error } : { kind: 'waiting' };
    items.push({ id, name, input, state: file ? { kind: 'done', name: done!, file, saved: saved ?? false } : waiting });
  }
  return { output: manifest.output, items };
}

function stopped(): DOMException {
  return new DOMException('Stopped.', 'AbortError');
}

/** `photo-x4 (2).jpg` where `photo-x4.jpg` is taken. */
function unused(name: string, used: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.');
  const [base, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let i = 1; ; i++) {
    const wanted = i === 1 ? name : `${base} (${i})${ending}`;
    if (!used.has(wanted.toLowerCase())) return wanted;
  }
}

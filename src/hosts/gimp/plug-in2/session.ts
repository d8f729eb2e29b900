import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rect } from '../../../engine';
import type { Change, CommitQuestion, DocumentFacts, Hello, Mode, Part, Place, Question, Refusal } from '../protocol';
import { protocolVersion } from '../protocol';
import { sampleBytes, sampleType } from '../samples';
import { deleteLeftovers, markFor } from './leftovers';
import type { Pdb } from './pdb';
import { WireClosed } from './wire';
import { XcfFile, type XcfPixels } from './xcf';
import { XcfWriter } from './xcf-writer';

/** Bytes that are compared at a time. */
const bandBytes = 2 ** 24;
const copyName = 'LWay';

export interface Answer {
  answer: object;
  bytes?: Uint8Array;
}

/** A layer, its mask and the selection as they are at one moment: a copy in a file. */
class Copy {
  private readonly descriptor: number;
  readonly parts: Readonly<Record<Part, XcfPixels | null>>;

  constructor(pdb: Pdb, image: number, layer: number, path: string) {
    const trail: number[] = [];
    for (let item = layer; item !== -1; item = pdb.parent(item)) trail.unshift(pdb.position(image, item));
    const valueBytes = sampleBytes[sampleType(pdb.precision(image))];
    const copy = pdb.duplicate(image, markFor(image));
    try {
      // All the rest need not be written.
      const top = pdb.layers(copy);
      let twin = top[trail[0]!]!;
      for (const other of top) if (other !== twin) pdb.removeLayer(copy, other);
      for (const channel of pdb.channels(copy)) pdb.removeChannel(copy, channel);
      for (const position of trail.slice(1)) twin = pdb.children(twin)[position]!;
      pdb.setName(twin, copyName);
      pdb.save(copy, twin, path);
    } finally {
      pdb.delete(copy);
    }
    this.descriptor = openSync(path, 'r');
    // Open files can be read on where they are gone by name; Windows keeps them until the folder goes.
    if (process.platform !== 'win32') rmSync(path);
    const file = new XcfFile(this.descriptor, valueBytes);
    const found = file.layers.find(({ name }) => name === copyName);
    if (!found) throw new Error('GIMP has not written the layer.');
    this.parts = { pixels: found.pixels, mask: found.mask, selection: file.selection };
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

interface Target {
  image: number;
  layer: number;
  state: ReturnType<typeof stateOf>;
  selection: Rect | null;
  copy: Copy;
}

interface Stage {
  path: string;
  file: XcfWriter;
}

/** All of an image and its layer that must stay as it is, but the pixels. */
function stateOf(pdb: Pdb, image: number, layer: number) {
  const profile = pdb.profile(image);
  return {
    mode: [pdb.base(image), pdb.precision(image), profile && Buffer.from(profile).toString('base64')],
    size: pdb.imageSize(image),
    place: pdb.bounds(layer),
    masked: [pdb.mask(layer) !== null, pdb.mask(layer) !== null && pdb.maskApplied(layer), pdb.hasAlpha(layer)],
  };
}

/** Answers LWay's questions about one image in GIMP 2.10. Pixels travel to and from GIMP in its own format, which is exact. */
export class Session {
  /** What to tell the person in the end. */
  failure: string | null = null;
  private readonly targets = new Map<string, Target>();
  private readonly stages = new Map<string, Stage>();
  private folder: string | null = null;
  private made = 0;
  private progressing = false;

  constructor(
    private readonly pdb: Pdb,
    private readonly image: number,
    private readonly layer: number | null,
    private readonly mode: Mode,
  ) {}

  answer(question: Question, bytes: Uint8Array): Answer {
    try {
      return this.dispatch(question, bytes);
    } catch (error) {
      if (error instanceof WireClosed) throw error;
      const refusal: Refusal = { error: { code: 'failed', message: (error as Error).message } };
      return { answer: refusal };
    }
  }

  end(): void {
    for (const target of this.targets.values()) target.copy.close();
    for (const { file } of this.stages.values()) file.close();
    this.targets.clear();
    this.stages.clear();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
    this.folder = null;
  }

  private dispatch(question: Question, bytes: Uint8Array): Answer {
    switch (question.op) {
      case 'hello':
        return { answer: this.hello() };
      case 'describe':
        return { answer: { document: this.describe(question.candidates) } };
      case 'open':
        return { answer: this.open(question.image, question.layer) };
      case 'read':
        return { answer: {}, bytes: this.target(question.token).copy.parts[question.what]!.read(question) };
      case 'check':
        return { answer: { change: this.change(this.target(question.token)) } };
      case 'close':
        this.targets.get(question.token)?.copy.close();
        this.targets.delete(question.token);
        return { answer: {} };
      case 'stage':
        return { answer: this.stage(question) };
      case 'write':
        this.staged(question.stage).file.write(question.what, question.y, question.height, bytes);
        return { answer: {} };
      case 'drop':
        this.drop(question.stage);
        return { answer: {} };
      case 'commit':
        return { answer: this.commit(question) };
      case 'progress':
        if (!this.progressing) this.pdb.beginProgress(question.text);
        this.progressing = true;
        this.pdb.progress(question.text, question.done);
        return { answer: {} };
      case 'fail':
        this.failure = question.message;
        return { answer: {} };
    }
  }

  private hello(): Hello {
    const { image, layer, mode } = this;
    deleteLeftovers(this.pdb);
    return {
      protocol: protocolVersion,
      gimp: this.pdb.version(),
      mode,
      image,
      layer,
      selected: layer === null ? 0 : 1,
    };
  }

  private describe(candidates: readonly Place[]): DocumentFacts | null {
    for (const [index, [image, layer]] of candidates.entries()) {
      if (!this.pdb.imageIsValid(image)) continue;
      const there = layer !== null && this.isThere(image, layer) ? layer : null;
      if (there !== null || index === candidates.length - 1) return this.facts(image, there);
    }
    return null;
  }

  private facts(image: number, layer: number | null): DocumentFacts {
    const { pdb } = this;
    return {
      image,
      name: pdb.imageName(image),
      ...pdb.imageSize(image),
      base: pdb.base(image),
      precision: pdb.precision(image),
      selection: pdb.selection(image),
      floating: pdb.floating(image),
      layer:
        layer === null
          ? null
          : { id: layer, name: pdb.itemName(layer), group: pdb.itemIsGroup(layer), bounds: pdb.bounds(layer) },
    };
  }

  private isThere(image: number, layer: number): boolean {
    return this.pdb.itemIsLayer(layer) && this.pdb.itemImage(layer) === image;
  }

  private open(image: number, layer: number): object {
    const { pdb } = this;
    if (!pdb.imageIsValid(image) || !this.isThere(image, layer)) return { error: { code: 'closed' } } satisfies Refusal;
    const token = this.token('target');
    const copy = new Copy(pdb, image, layer, this.path(`${token}.xcf`));
    const state = stateOf(pdb, image, layer);
    this.targets.set(token, { image, layer, state, selection: pdb.selection(image), copy });
    const mask = pdb.mask(layer);
    return {
      token,
      alpha: pdb.hasAlpha(layer),
      visible: pdb.visible(layer),
      blended: !pdb.isNormal(layer) || pdb.opacity(layer) < 100,
      mask: mask === null ? null : pdb.maskApplied(layer) ? 'enabled' : 'disabled',
      resolution: pdb.resolution(image),
    };
  }

  private change(target: Target): Change | null {
    const { pdb } = this;
    const { image, layer, state, copy } = target;
    if (!pdb.imageIsValid(image)) return 'closed';
    if (!this.isThere(image, layer)) return 'layer';
    if (pdb.floating(image)) return 'floating';
    const now = stateOf(pdb, image, layer);
    for (const what of ['mode', 'size', 'place', 'masked'] as const) {
      if (JSON.stringify(now[what]) !== JSON.stringify(state[what])) return what;
    }
    const live = new Copy(pdb, image, layer, this.path(`${this.token('check')}.xcf`));
    try {
      for (const what of ['pixels', 'mask'] as const) {
        const [a, b] = [copy.parts[what], live.parts[what]];
        if (a && b && !same(a, b)) return what;
      }
      return null;
    } finally {
      live.close();
    }
  }

  private stage(question: Extract<Question, { op: 'stage' }>): object {
    const { width, height, channels, mask, name } = question;
    const { state, image } = this.target(question.token);
    const [base, precision, profile] = state.mode as ['rgb' | 'gray', number, string | null];
    const stage = this.token('stage');
    const path = this.path(`${stage}.xcf`);
    const picture = {
      width,
      height,
      base,
      alpha: channels === 2 || channels === 4,
      precision,
      valueBytes: sampleBytes[sampleType(precision)],
      mask,
      profile: profile === null ? null : Buffer.from(profile, 'base64'),
      name,
      mark: markFor(image),
    };
    this.stages.set(stage, { path, file: new XcfWriter(path, picture) });
    return { stage };
  }

  private drop(token: string): void {
    const stage = this.stages.get(token);
    if (!stage) return;
    this.stages.delete(token);
    stage.file.close();
    rmSync(stage.path, { force: true });
  }

  private commit(question: CommitQuestion): object {
    const { pdb } = this;
    const target = this.target(question.token);
    const { path, file } = this.staged(question.stage);
    if (!file.whole) throw new Error('The result is not whole.');
    if (this.progressing) pdb.endProgress();
    // From here on there is nothing to cancel any more: GIMP would end this process in the middle.
    this.progressing = false;
    const change = question.destination === 'layer' ? this.change(target) : null;
    if (change) return { change };
    const loaded = pdb.load(path);
    this.drop(question.stage);
    const [result] = pdb.layers(loaded);
    if (question.destination === 'document') {
      pdb.show(loaded, question.resolution);
      pdb.detach(loaded, markFor(target.image));
      pdb.refresh();
      return { image: loaded, layer: result! };
    }
    try {
      const layer = this.insert(question, target, result!);
      pdb.refresh();
      return { image: target.image, layer };
    } finally {
      pdb.delete(loaded);
    }
  }

  private insert(question: CommitQuestion, { image, layer, selection }: Target, result: number): number {
    const { pdb } = this;
    const { size, x, y, name, hide, select } = question;
    const added = pdb.copyInto(result, image);
    pdb.setName(added, name);
    const selected = pdb.selection(image);
    const before = pdb.imageSize(image);
    pdb.begin(image);
    try {
      if (before.width !== size.width || before.height !== size.height) pdb.scale(image, size.width, size.height);
      pdb.insertAbove(image, added, layer, x, y);
      if (pdb.mask(added) !== null) {
        pdb.editPixels(added);
        pdb.applyMask(added, question.maskApplied);
      }
      if (hide === 'layer') pdb.hide(layer);
      else if (hide === 'hole') this.cut(image, layer, added);
      if (selected === null) pdb.selectNone(image);
      else if (select && JSON.stringify(selected) === JSON.stringify(selection)) pdb.selectRect(image, select);
      pdb.activate(image, added);
    } finally {
      pdb.end(image);
    }
    return added;
  }

  /** Hides what the new layer replaces behind the original's mask; the selection comes back afterwards. */
  private cut(image: number, layer: number, added: number): void {
    const { pdb } = this;
    const kept = pdb.saveSelection(image);
    if (pdb.mask(layer) === null) pdb.addWhiteMask(layer);
    const shape = pdb.mask(added);
    if (shape === null) pdb.selectRect(image, pdb.bounds(added));
    else pdb.selectItem(image, shape);
    pdb.blacken(pdb.mask(layer)!);
    pdb.selectItem(image, kept);
    pdb.removeChannel(image, kept);
  }

  private target(token: string): Target {
    const target = this.targets.get(token);
    if (!target) throw new Error('The layer is no longer open.');
    return target;
  }

  private staged(token: string): Stage {
    const stage = this.stages.get(token);
    if (!stage) throw new Error('The result has been given up.');
    return stage;
  }

  private path(name: string): string {
    this.folder ??= mkdtempSync(join(tmpdir(), 'lway-gimp-'));
    return join(this.folder, name);
  }

  private token(what: string): string {
    this.made += 1;
    return `${what}-${this.made}`;
  }
}

function same(a: XcfPixels, b: XcfPixels): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  const rows = Math.max(64, Math.floor(bandBytes / (a.width * 16)));
  for (let y = 0; y < a.height; y += rows) {
    const rect = { x: 0, y, width: a.width, height: Math.min(rows, a.height - y) };
    if (Buffer.compare(a.read(rect), b.read(rect)) !== 0) return false;
  }
  return true;
}

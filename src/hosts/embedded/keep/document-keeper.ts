import type { PictureInfo, Rect } from '../../../engine';
import type { LayerPixels } from '../../shared/pixels';
import { newId, type Layer, type OpenDocument, type Workspace } from '../workspace';
import type { PictureMetadata } from '../../../pictures/picture';
import { claimFolder, claimFolders, type ClaimedFolder } from './folders.browser';
import { StoredPixels, storePixels } from './stored-pixels';

const prefix = 'lway-document-';
const manifestName = 'document.json';

/** What stands in a document's `document.json`; pixels lie beside it in files of their own. */
interface Manifest {
  version: 1;
  name: string;
  bitDepth: 8 | 16 | 32;
  resolution?: number;
  width: number;
  height: number;
  /** Index of the active layer, -1 for none. */
  active: number;
  selection: Rect | null;
  /** Files with the colour profile, and with what its file said besides, where there are any. */
  profile?: string;
  exif?: string;
  xmp?: string;
  iptc?: string;
  text?: PictureMetadata['text'];
  layers: {
    name: string;
    visible: boolean;
    bounds: Rect;
    /** Index of the layer that it was made from. */
    madeFrom?: number;
    made?: string;
    saved: boolean;
    file: string;
    info: Omit<PictureInfo, 'iccProfile'>;
  }[];
}

interface Kept {
  readonly folder: ClaimedFolder;
  readonly files: Map<LayerPixels, string>;
  /** The state that was written last. */
  written: unknown;
  count: number;
  /** It could not be written: not tried again before it changes. */
  failed: unknown;
}

/**
 * Keeps the open documents in the origin-private file system, a folder each, so that they are there again after a reload
 * or a crash: what is shown, not the steps back. Pixels never change and are written once. A page holds the locks of its
 * own documents; those of closed pages are anybody's.
 */
export class DocumentKeeper {
  private readonly kept = new Map<string, Kept>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private working: Promise<void> = Promise.resolve();

  /** @param onTrouble called when a document cannot be kept */
  constructor(
    private readonly workspace: Workspace,
    private readonly root: FileSystemDirectoryHandle,
    private readonly onTrouble: (document: OpenDocument, error: unknown) => void,
  ) {}

  /** Opens what closed pages left behind, and keeps the workspace from then on. Resolves to the documents' names. */
  async start(): Promise<string[]> {
    const restored: string[] = [];
    for (const folder of await claimFolders(this.root, prefix)) {
      const document = await this.open(folder).catch(() => null);
      if (!document) await folder.remove();
      else restored.push(document.name);
    }
    this.workspace.onChange(() => this.changed());
    this.changed();
    return restored;
  }

  /** Settles when all that has changed so far is written. */
  async settled(): Promise<void> {
    clearTimeout(this.timer);
    this.working = this.working.then(() => this.write());
    await this.working;
  }

  private changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.settled(), 250);
  }

  private async write(): Promise<void> {
    const { documents } = this.workspace;
    for (const [id, { folder }] of this.kept) {
      if (documents.some((document) => document.id === id)) continue;
      this.kept.delete(id);
      await folder.remove();
    }
    for (const document of documents) {
      if (document.sample && document.past.length + document.future.length === 0) continue;
      const mark = JSON.stringify([ids(document), [...document.saved].length, document.state.selection]);
      const kept = this.kept.get(document.id);
      if (kept?.written === mark || kept?.failed === mark) continue;
      try {
        await this.writeDocument(document, mark);
      } catch (error) {
        if (!this.workspace.documents.includes(document)) continue;
        const now = this.kept.get(document.id);
        if (now) now.failed = mark;
        this.onTrouble(document, error);
      }
    }
  }

  private async writeDocument(document: OpenDocument, mark: string): Promise<void> {
    let kept = this.kept.get(document.id);
    if (!kept) {
      const folder = await claimFolder(this.root, prefix);
      kept = { folder, files: new Map(), written: null, count: 0, failed: null };
      this.kept.set(document.id, kept);
    }
    const { state, saved, iccProfile, metadata } = document;
    const { exif, xmp, iptc, text } = metadata ?? {};
    for (const { pixels } of state.layers) {
      if (kept.files.has(pixels)) continue;
      const name = `pixels-${(kept.count += 1)}`;
      const release = this.workspace.hold(pixels);
      try {
        await kept.folder.write(name, (write) => storePixels(new AbortController().signal, pixels, write));
      } finally {
        release();
      }
      kept.files.set(pixels, name);
    }
    if (iccProfile && kept.written === null) await kept.folder.put('profile', iccProfile);
    if (exif && kept.written === null) await kept.folder.put('exif', exif);
    if (xmp !== undefined && kept.written === null) await kept.folder.put('xmp', new TextEncoder().encode(xmp));
    if (iptc && kept.written === null) await kept.folder.put('iptc', iptc);
    const manifest: Manifest = {
      version: 1,
      name: document.name,
      bitDepth: document.bitDepth,
      resolution: document.resolution,
      width: state.width,
      height: state.height,
      active: state.layers.findIndex(({ id }) => id === state.activeId),
      selection: state.selection,
      profile: iccProfile && 'profile',
      exif: exif && 'exif',
      xmp: xmp === undefined ? undefined : 'xmp',
      iptc: iptc && 'iptc',
      text,
      layers: state.layers.map(({ name, visible, bounds, madeFrom, made, pixels }) => {
        const info = { ...pixels.info, iccProfile: undefined };
        const origin = state.layers.findIndex(({ id }) => id === madeFrom);
        const file = kept.files.get(pixels)!;
        return {
          name,
          visible,
          bounds,
          madeFrom: origin < 0 ? undefined : origin,
          made,
          saved: saved.has(pixels),
          file,
          info,
        };
      }),
    };
    await kept.folder.put(manifestName, new TextEncoder().encode(JSON.stringify(manifest)));
    kept.written = mark;
    kept.failed = null;
    await this.sweep(document, kept);
  }

  /** Removes the files of pixels that not even undo shows any more. */
  private async sweep({ state, past, future }: OpenDocument, { folder, files }: Kept): Promise<void> {
    const used = new Set<LayerPixels>();
    for (const one of [state, ...past.map((step) => step.state), ...future.map((step) => step.state)]) {
      for (const { pixels } of one.layers) used.add(pixels);
    }
    for (const [pixels, name] of files) {
      if (used.has(pixels)) continue;
      files.delete(pixels);
      await folder.delete(name);
    }
  }

  /** Null where the folder holds no whole document. */
  private async open(folder: ClaimedFolder): Promise<OpenDocument | null> {
    const manifest = JSON.parse(await (await folder.get(manifestName)).text()) as Manifest;
    if (manifest.version !== 1) return null;
    const bytes = async (name: string | undefined) =>
      name === undefined ? undefined : new Uint8Array(await (await folder.get(name)).arrayBuffer());
    const iccProfile = await bytes(manifest.profile);
    const [exif, packet, iptc] = [await bytes(manifest.exif), await bytes(manifest.xmp), await bytes(manifest.iptc)];
    const { text } = manifest;
    const metadata =
      (exif ?? packet ?? iptc ?? text)
        ? { exif, xmp: packet && new TextDecoder().decode(packet), iptc, text }
        : undefined;
    const layers: Layer[] = [];
    const saved = new Set<LayerPixels>();
    const files = new Map<LayerPixels, string>();
    const newIds = manifest.layers.map(() => newId('layer'));
    for (const [
      i,
      { name, visible, bounds, madeFrom, made, saved: wasSaved, file, info },
    ] of manifest.layers.entries()) {
      const pixels = new StoredPixels({ ...info, iccProfile }, await folder.get(file));
      if (!pixels.complete) return null;
      if (wasSaved) saved.add(pixels);
      files.set(pixels, file);
      const origin = madeFrom === undefined ? undefined : newIds[madeFrom];
      layers.push({ id: newIds[i]!, name, visible, bounds, pixels, madeFrom: origin, made });
    }
    const { name, bitDepth, resolution, width, height, active, selection } = manifest;
    const state = { width, height, layers, activeId: newIds[active] ?? null, selection };
    const id = newId('document');
    const count = Math.max(0, ...[...files.values()].map((file) => Number(file.split('-')[1])));
    const about = { id, name, bitDepth, resolution, iccProfile, metadata, sample: false };
    // Before it is shown: from then on it may be written.
    this.kept.set(id, { folder, files, written: '', count, failed: null });
    return this.workspace.show({ ...about, saved, state, past: [], future: [] });
  }
}

/** Tells states apart by what is written of them. */
function ids({ state }: OpenDocument): unknown {
  const { width, height, activeId, layers } = state;
  return [
    width,
    height,
    activeId,
    layers.map(({ id, name, visible, bounds, pixels }) => [id, name, visible, bounds, numberOf(pixels)]),
  ];
}

const numbers = new WeakMap<LayerPixels, number>();
let lastNumber = 0;
function numberOf(pixels: LayerPixels): number {
  let number = numbers.get(pixels);
  if (number === undefined) numbers.set(pixels, (number = lastNumber += 1));
  return number;
}

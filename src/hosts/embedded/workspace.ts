import type { PictureInfo, Rect } from '../../engine';
import type { PictureMetadata } from '../../pictures/picture';
import type { LayerPixels } from '../shared/pixels';

/** A layer. Its pixels keep their own resolution; `bounds` says where in the document they are spread out. */
export interface Layer {
  readonly id: string;
  readonly name: string;
  readonly visible: boolean;
  readonly bounds: Rect;
  readonly pixels: LayerPixels;
  /** Id of the layer that this one was upscaled from. */
  readonly madeFrom?: string;
  /** What it was made with: tells variants apart. */
  readonly made?: string;
}

/** What a layer is called where it has to be told from the others: its name, and what it was made with. */
export function titleOf({ name, made }: Layer, layers: readonly Layer[]): string {
  return made !== undefined && layers.filter((one) => one.name === name).length > 1 ? `${name}, ${made}` : name;
}

/** What undo goes back to. Never changed, only replaced. */
export interface DocumentState {
  readonly width: number;
  readonly height: number;
  /** Topmost first, as the layer list shows them. */
  readonly layers: readonly Layer[];
  readonly activeId: string | null;
  readonly selection: Rect | null;
}

export interface OpenDocument {
  readonly id: string;
  readonly name: string;
  readonly bitDepth: 8 | 16 | 32;
  readonly iccProfile?: Uint8Array;
  readonly resolution?: number;
  /** Of the file it came from; undefined where that says nothing. */
  readonly metadata?: PictureMetadata;
  /** A picture that the person did not bring: it need not be kept. */
  readonly sample: boolean;
  /** Pixels that are in a file of the person's. */
  saved: ReadonlySet<LayerPixels>;
  state: DocumentState;
  past: { state: DocumentState; label: string }[];
  future: { state: DocumentState; label: string }[];
}

const undoSteps = 20;

let counter = 0;
export const newId = (kind: string): string => `${kind}-${(counter += 1)}`;

/** The open documents of the built-in editor, which of them is active, and the way back. */
export class Workspace {
  documents: OpenDocument[] = [];
  private activeId: string | null = null;
  private readonly listeners = new Set<() => void>();
  /** Pixels that somebody reads from; they stay even when their layer is gone. */
  private readonly held = new Map<LayerPixels, number>();
  private readonly work = new Set<{ id: string }>();

  get active(): OpenDocument | null {
    return this.find(this.activeId);
  }

  find(id: string | null): OpenDocument | null {
    return this.documents.find((document) => document.id === id) ?? null;
  }

  /**
   * Opens a picture as a document with one layer, and makes it the active one.
   * @param unsaved its pixels are in no file yet
   */
  add(
    name: string,
    layerName: string,
    pixels: LayerPixels,
    {
      unsaved = false,
      sample = false,
      metadata,
    }: { unsaved?: boolean; sample?: boolean; metadata?: PictureMetadata } = {},
  ): OpenDocument {
    const { width, height, bitDepth, iccProfile, resolution }: PictureInfo = pixels.info;
    const layer: Layer = {
      id: newId('layer'),
      name: layerName,
      visible: true,
      bounds: { x: 0, y: 0, width, height },
      pixels,
    };
    const state = { width, height, layers: [layer], activeId: layer.id, selection: null };
    const saved = new Set(unsaved ? [] : [pixels]);
    const about = { name, bitDepth, iccProfile, resolution, metadata, sample };
    return this.show({ id: newId('document'), ...about, saved, state, past: [], future: [] });
  }

  /** Opens a document that is put together already, and makes it the active one. */
  show(document: OpenDocument): OpenDocument {
    this.documents = [...this.documents, document];
    this.activeId = document.id;
    this.changed();
    return document;
  }

  /** Whether the document shows pixels that would be lost with it. */
  unsaved({ state, saved }: OpenDocument): boolean {
    return state.layers.some(({ pixels }) => !saved.has(pixels));
  }

  /** To be called when all that the document shows is in a file. */
  markSaved(document: OpenDocument): void {
    document.saved = new Set([...document.saved, ...document.state.layers.map(({ pixels }) => pixels)]);
    this.changed();
  }

  /** Says that somebody works on a document, until the returned function is called. */
  beginWork(id: string): () => void {
    const token = { id };
    this.work.add(token);
    return () => void this.work.delete(token);
  }

  atWork(id: string): boolean {
    return [...this.work].some((token) => token.id === id);
  }

  activate(id: string): void {
    this.activeId = id;
    this.changed();
  }

  close(id: string): void {
    const at = this.documents.findIndex((document) => document.id === id);
    if (at < 0) return;
    this.documents = this.documents.filter((document) => document.id !== id);
    if (this.activeId === id) this.activeId = this.documents[Math.min(at, this.documents.length - 1)]?.id ?? null;
    this.changed();
  }

  /** Replaces the state as one undo step called `label`. */
  apply(document: OpenDocument, label: string, change: Partial<DocumentState>): void {
    document.past = [...document.past, { state: document.state, label }].slice(-undoSteps);
    document.future = [];
    this.adjust(document, change);
  }

  /** Replaces the state without an undo step: selection, active layer, visibility. */
  adjust(document: OpenDocument, change: Partial<DocumentState>): void {
    document.state = { ...document.state, ...change };
    this.changed();
  }

  undo(document: OpenDocument): void {
    const step = document.past.at(-1);
    if (!step) return;
    document.past = document.past.slice(0, -1);
    document.future = [...document.future, { state: document.state, label: step.label }];
    document.state = step.state;
    this.changed();
  }

  redo(document: OpenDocument): void {
    const step = document.future.at(-1);
    if (!step) return;
    document.future = document.future.slice(0, -1);
    document.past = [...document.past, { state: document.state, label: step.label }];
    document.state = step.state;
    this.changed();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Keeps `pixels` readable until the returned function is called. */
  hold(pixels: LayerPixels): () => void {
    this.held.set(pixels, (this.held.get(pixels) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = this.held.get(pixels)! - 1;
      if (left > 0) this.held.set(pixels, left);
      else this.held.delete(pixels);
      this.sweep();
    };
  }

  private known = new Set<LayerPixels>();

  /** Gives back the pixels that no layer, no undo step and no reader needs any more. */
  private sweep(): void {
    const used = new Set<LayerPixels>(this.held.keys());
    for (const { state, past, future } of this.documents) {
      for (const one of [state, ...past.map((step) => step.state), ...future.map((step) => step.state)]) {
        for (const layer of one.layers) used.add(layer.pixels);
      }
    }
    for (const pixels of this.known) if (!used.has(pixels)) void pixels.dispose();
    this.known = used;
  }

  private changed(): void {
    this.sweep();
    for (const listener of [...this.listeners]) listener();
  }
}

import { breathe, contains, intersect, LWayError, type PixelSource, type Rect, type TileStore } from '../../engine';
import {
  ownRect,
  type CommitRequest,
  type Destination,
  type DocumentSummary,
  type EditorHost,
  type HostCapabilities,
  type LayerSummary,
  type OpenedTarget,
  type PlacedResult,
} from '../host';
import { scaledName } from '../../pictures/names';
import { enlargedRect, factorOf } from '../shared/enlarging';
import { part, type LayerPixels } from '../shared/pixels';
import { blocks } from './pixels';
import { newId, type Layer, type OpenDocument, type Workspace } from './workspace';

/** Where a target was opened. */
type Opened = Pick<OpenedTarget, 'documentId' | 'layerId' | 'layerName' | 'bounds'> & { readonly own: Rect };

/** Layers keep their own resolution: an enlarged document shows them spread out. */
function summary({ id, name, bounds, pixels, madeFrom }: Layer, layers: readonly Layer[]): LayerSummary {
  const { width, height } = pixels.info;
  const origin = layers.find((layer) => layer.id === madeFrom);
  return {
    id,
    name,
    bounds,
    ...(width === bounds.width && height === bounds.height ? {} : { own: { width, height } }),
    ...(origin ? { madeFrom: { id: origin.id, name: origin.name } } : {}),
  };
}

/** What enlarges the document so that a result of `width`×`height` fits where its target lies; it never shrinks. */
const enlargement = ({ bounds }: Opened, width: number, height: number) => {
  const { x, y } = factorOf(bounds, { width, height });
  return { x: Math.max(1, x), y: Math.max(1, y) };
};

/** The built-in editor as the panel sees it. */
export class EmbeddedHost implements EditorHost {
  readonly name = 'LWay';
  readonly capabilities: HostCapabilities = {
    bitDepths: [8, 16, 32],
    singleUndo: true,
    destinations: ['layer', 'document'],
    maxSide: 300_000,
    maxPixels: 1_000_000_000,
  };

  /** @param createStore makes the home of a result's pixels */
  constructor(
    private readonly workspace: Workspace,
    private readonly createStore: () => TileStore,
  ) {}

  async describe(signal: AbortSignal): Promise<DocumentSummary | null> {
    signal.throwIfAborted();
    const document = this.workspace.active;
    if (!document) return null;
    const { width, height, layers, activeId, selection } = document.state;
    const layer = layers.find(({ id }) => id === activeId);
    return {
      id: document.id,
      name: document.name,
      width,
      height,
      bitDepth: document.bitDepth,
      activeLayer: layer ? summary(layer, layers) : null,
      selection,
    };
  }

  async open(signal: AbortSignal, target: 'layer' | 'region'): Promise<OpenedTarget> {
    signal.throwIfAborted();
    const document = this.workspace.active;
    if (!document) throw new LWayError('unsupported', 'No picture is open.', 'Open a picture, then try again.');
    const { layers, activeId, selection } = document.state;
    const layer = layers.find(({ id }) => id === activeId);
    if (!layer)
      throw new LWayError('unsupported', 'No layer is active.', 'Choose a layer in the list, then try again.');

    let bounds = layer.bounds;
    if (target === 'region') {
      if (!selection) {
        throw new LWayError(
          'unsupported',
          'Nothing is selected.',
          'Draw a rectangle with the selection tool, or upscale the whole layer.',
        );
      }
      const inside = intersect(selection, layer.bounds);
      if (!inside) {
        throw new LWayError(
          'unsupported',
          `The selection does not touch the layer “${layer.name}”.`,
          'Move the selection over the layer, or choose another layer.',
        );
      }
      bounds = inside;
    }
    const about = summary(layer, layers);
    const own = ownRect(about, bounds);
    if (about.own) {
      // As many of the document's pixels as its own ones cover.
      const shown = enlargedRect(own, {
        x: layer.bounds.width / about.own.width,
        y: layer.bounds.height / about.own.height,
      });
      bounds = { ...shown, x: layer.bounds.x + shown.x, y: layer.bounds.y + shown.y };
    }
    const release = this.workspace.hold(layer.pixels);
    const endWork = this.workspace.beginWork(document.id);
    let open = true;
    const source: PixelSource = part(layer.pixels, own);
    const known: Opened = { documentId: document.id, layerId: layer.id, layerName: layer.name, bounds, own };
    return {
      ...known,
      check: (destination, width, height) => this.check(known, destination, width, height),
      commit: (commitSignal, request) => this.commit(commitSignal, known, request),
      rescue: (rescueSignal, { result, layerName, onProgress }) =>
        this.copied(rescueSignal, result, onProgress, (pixels) => this.openResult(document, own, layerName, pixels)),
      source: {
        info: source.info,
        read: async (readSignal, rect) => {
          if (!open) throw new LWayError('internal', 'The layer was read after it was closed.', 'Report this.');
          return source.read(readSignal, rect);
        },
      },
      close: async () => {
        open = false;
        release();
        endWork();
      },
    };
  }

  private check(target: Opened, destination: Destination, width: number, height: number): void {
    const { document } = this.locate(target);
    const factor = enlargement(target, width, height);
    const [w, h] =
      destination === 'layer'
        ? [Math.round(document.state.width * factor.x), Math.round(document.state.height * factor.y)]
        : [width, height];
    const { maxSide, maxPixels } = this.capabilities;
    if (Math.max(w, h) > maxSide || w * h > maxPixels) {
      throw new LWayError(
        'too-large',
        `The result would make a document of ${w} × ${h} pixels, more than this page can hold.`,
        destination === 'layer' && w * h > width * height
          ? 'Choose a smaller scale, or let the result open as a new document.'
          : 'Choose a smaller scale or a smaller region.',
      );
    }
  }

  private async commit(signal: AbortSignal, target: Opened, request: CommitRequest): Promise<PlacedResult> {
    const { destination, result, layerName, made, onProgress } = request;
    signal.throwIfAborted();
    const { width, height } = result.info;
    this.check(target, destination, width, height);
    return this.copied(signal, result, onProgress, (pixels) => {
      const { document, layer } = this.locate(target);
      if (destination === 'document') return this.openResult(document, target.own, layerName, pixels);
      const factor = enlargement(target, width, height);
      const { layers, selection } = document.state;
      const shown = enlargedRect(target.bounds, factor);
      // At its own size where the document became as large as that: not a pixel is resampled.
      const exact = Math.abs(shown.width - width) <= 1 && Math.abs(shown.height - height) <= 1;
      const inside = (at: number, length: number, size: number) => Math.max(0, Math.min(at, Math.round(size) - length));
      const place = exact
        ? {
            x: inside(shown.x, width, document.state.width * factor.x),
            y: inside(shown.y, height, document.state.height * factor.y),
            width,
            height,
          }
        : shown;
      const added: Layer = { id: newId('layer'), name: layerName, visible: true, bounds: place, pixels, made };
      const enlarged = layers.map((one) => ({ ...one, bounds: enlargedRect(one.bounds, factor) }));
      // Above what was made from the same layer before: the newest variant is seen.
      const first = layers.findIndex((one) => one === layer || one.madeFrom === layer.id);
      this.workspace.apply(document, layerName, {
        width: Math.round(document.state.width * factor.x),
        height: Math.round(document.state.height * factor.y),
        layers: [...enlarged.slice(0, first), { ...added, madeFrom: layer.id }, ...enlarged.slice(first)],
        activeId: added.id,
        selection: selection && enlargedRect(selection, factor),
      });
      return { documentId: document.id, layerId: added.id };
    });
  }

  async replace(
    signal: AbortSignal,
    { documentId, layerId }: PlacedResult,
    { result, label, onProgress }: Pick<CommitRequest, 'result' | 'onProgress'> & { label: string },
  ): Promise<void> {
    const find = () => {
      const document = this.workspace.find(documentId);
      const layer = document?.state.layers.find(({ id }) => id === layerId);
      if (!document || !layer) {
        throw new LWayError(
          'document-changed',
          'The layer with the result is gone.',
          'Bring it back by undo, or upscale once more.',
        );
      }
      return { document, layer };
    };
    find();
    await this.copied(signal, result, onProgress, (pixels) => {
      const { document, layer } = find();
      const layers = document.state.layers.map((one) => (one === layer ? { ...one, name: label, pixels } : one));
      this.workspace.apply(document, label, { layers });
    });
  }

  activateLayer(id: string): void {
    const document = this.workspace.active;
    if (document?.state.layers.some((layer) => layer.id === id)) this.workspace.adjust(document, { activeId: id });
  }

  /** @param own which of the layer's pixels it was made from */
  private openResult(
    { name, metadata }: OpenDocument,
    own: Rect,
    layerName: string,
    pixels: LayerPixels,
  ): PlacedResult {
    const scaled = scaledName(name, pixels.info.width / own.width);
    const { id, state } = this.workspace.add(scaled, layerName, pixels, { unsaved: true, metadata });
    return { documentId: id, layerId: state.activeId! };
  }

  /** Copies `result`; what `place` then does with the pixels happens in one step, or they are given back. */
  private async copied<T>(
    signal: AbortSignal,
    result: PixelSource,
    onProgress: CommitRequest['onProgress'],
    place: (pixels: LayerPixels) => T,
  ): Promise<T> {
    const pixels = this.createStore();
    try {
      const { width, height } = result.info;
      await pixels.begin(signal, result.info);
      let done = 0;
      for (const block of blocks({ x: 0, y: 0, width, height })) {
        await pixels.write(signal, block.x, block.y, await result.read(signal, block));
        done += block.width * block.height;
        onProgress?.(done / (width * height));
        await breathe();
      }
      await pixels.end(signal);
      signal.throwIfAborted();
      // From here to the end nothing waits: the document changes in one step or not at all.
      return place(pixels);
    } catch (error) {
      await pixels.dispose();
      throw error;
    }
  }

  onChange(listener: () => void): () => void {
    return this.workspace.onChange(listener);
  }

  /** The document and layer that `target` was opened from, as long as they are what they were. */
  private locate(target: Opened): { document: OpenDocument; layer: Layer } {
    const document = this.workspace.find(target.documentId);
    if (!document) {
      throw new LWayError(
        'document-changed',
        'The document was closed before the result could be placed.',
        'Open it again and upscale once more.',
      );
    }
    const layer = document.state.layers.find(({ id }) => id === target.layerId);
    if (!layer || !contains(layer.bounds, target.bounds)) {
      throw new LWayError(
        'document-changed',
        `The layer “${target.layerName}” was changed or removed before the result could be placed.`,
        'Undo that change and upscale once more.',
      );
    }
    return { document, layer };
  }
}

import { LWayError } from '../../engine/errors';
import { breathe } from '../../engine/raster/breathe';
import type { PixelSource, Rect, TileStore } from '../../engine/raster/raster';
import { contains, intersect, relativeTo } from '../../engine/raster/rect';
import type {
  CommitRequest,
  Destination,
  DocumentSummary,
  EditorHost,
  HostCapabilities,
  LayerSummary,
  OpenedTarget,
} from '../host';
import { blocks, part } from './pixels';
import { scaled } from './scaled';
import { newId, type Layer, type OpenDocument, type Workspace } from './workspace';

const summary = ({ id, name, bounds }: Layer): LayerSummary => ({ id, name, bounds });

const scaleRect = ({ x, y, width, height }: Rect, sx: number, sy: number): Rect => {
  const left = Math.round(x * sx);
  const top = Math.round(y * sy);
  return {
    x: left,
    y: top,
    width: Math.max(1, Math.round((x + width) * sx) - left),
    height: Math.max(1, Math.round((y + height) * sy) - top),
  };
};

/** The built-in editor as the panel sees it. */
export class EmbeddedHost implements EditorHost {
  readonly name = 'LWay';
  readonly capabilities: HostCapabilities = {
    regionRead: true,
    streamedWrite: true,
    bitDepths: [8, 16, 32],
    singleUndo: true,
    masks: false,
    actions: false,
    storage: 'local',
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
      activeLayer: layer ? summary(layer) : null,
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
    // Layers keep their own resolution: an enlarged one is read as the document shows it.
    const whole = scaled(layer.pixels, layer.bounds.width, layer.bounds.height);
    const release = this.workspace.hold(layer.pixels);
    let open = true;
    const source: PixelSource = part(whole, relativeTo(bounds, layer.bounds));
    return {
      documentId: document.id,
      layerId: layer.id,
      layerName: layer.name,
      bounds,
      source: {
        info: source.info,
        read: async (readSignal, rect) => {
          if (!open) throw new LWayError('internal', 'The layer was read after it was closed.', 'Please report this.');
          return source.read(readSignal, rect);
        },
      },
      close: async () => {
        open = false;
        release();
      },
    };
  }

  check(target: OpenedTarget, destination: Destination, width: number, height: number): void {
    const { document } = this.locate(target);
    const sx = destination === 'layer' ? width / target.bounds.width : 1;
    const sy = destination === 'layer' ? height / target.bounds.height : 1;
    const [w, h] =
      destination === 'layer'
        ? [Math.round(document.state.width * sx), Math.round(document.state.height * sy)]
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

  async commit(signal: AbortSignal, request: CommitRequest): Promise<void> {
    const { target, destination, result, layerName, onProgress } = request;
    signal.throwIfAborted();
    this.check(target, destination, result.info.width, result.info.height);
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
      const { document, layer } = this.locate(target);
      if (destination === 'document') {
        this.workspace.add(`${document.name} (${layerName})`, layerName, pixels);
        return;
      }
      const sx = width / target.bounds.width;
      const sy = height / target.bounds.height;
      const { layers, selection } = document.state;
      const place = scaleRect(target.bounds, sx, sy);
      const added: Layer = {
        id: newId('layer'),
        name: layerName,
        visible: true,
        bounds: { x: place.x, y: place.y, width, height },
        pixels,
      };
      const enlarged = layers.map((one) => ({ ...one, bounds: scaleRect(one.bounds, sx, sy) }));
      const at = layers.indexOf(layer);
      this.workspace.apply(document, layerName, {
        width: Math.round(document.state.width * sx),
        height: Math.round(document.state.height * sy),
        layers: [...enlarged.slice(0, at), added, ...enlarged.slice(at)],
        activeId: added.id,
        selection: selection && scaleRect(selection, sx, sy),
      });
    } catch (error) {
      await pixels.dispose();
      throw error;
    }
  }

  onChange(listener: () => void): () => void {
    return this.workspace.onChange(listener);
  }

  /** The document and layer that `target` was opened from, as long as they are what they were. */
  private locate(target: OpenedTarget): { document: OpenDocument; layer: Layer } {
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

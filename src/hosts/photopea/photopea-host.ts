import { hasAlpha, intersect, LWayError, type PixelSource, type Raster, type Rect } from '../../engine';
import type { CommitRequest, Destination, DocumentSummary, EditorHost, HostCapabilities, OpenedTarget } from '../host';
import { enlarged, factorOf } from '../shared/enlarging';
import { part } from '../shared/pixels';
import { decodePng } from '../shared/png/decode';
import { writePng } from '../shared/png/write';
import { poll } from '../shared/polling';
import type { ScriptChannel } from './script-channel';
import {
  checkScript,
  describeScript,
  discardScript,
  exportScript,
  insertScript,
  nameScript,
  openedScript,
} from './scripts';

/** Photopea opens files by a canvas, and a canvas of more pixels is silently black in Chromium (16384²). */
const maxPixels = 268_435_456;
/** As much as a PSD file holds. */
const maxSide = 30_000;

export interface PhotopeaHostOptions {
  /** Milliseconds between looks at what is open, while somebody listens. */
  watchInterval?: number;
  /** Milliseconds that Photopea may take to open a result. */
  openTimeout?: number;
}

interface Seen extends DocumentSummary {
  trace: string;
  group: boolean;
}

/** Where a target was opened. */
interface Opened {
  readonly bounds: Rect;
  readonly layerName: string;
  readonly trace: string;
  /** Size of the document. */
  readonly width: number;
  readonly height: number;
}

/**
 * Photopea around the page: it knows whole documents as files only. A layer is read as PNG of a document of its own, a
 * result handed over as PNG. All 8 bit.
 */
export class PhotopeaHost implements EditorHost {
  readonly name = 'Photopea';
  readonly capabilities: HostCapabilities = {
    bitDepths: [8],
    singleUndo: false,
    destinations: ['layer', 'document'],
    maxSide,
    maxPixels,
  };

  constructor(
    private readonly channel: ScriptChannel,
    private readonly options: PhotopeaHostOptions = {},
  ) {}

  async describe(signal: AbortSignal): Promise<DocumentSummary | null> {
    const seen = await this.look(signal);
    if (!seen) return null;
    const { id, name, width, height, bitDepth, activeLayer, selection } = seen;
    return { id, name, width, height, bitDepth, activeLayer, selection };
  }

  async open(signal: AbortSignal, target: 'layer' | 'region'): Promise<OpenedTarget> {
    const seen = await this.look(signal);
    const refuse = (message: string, advice: string) => new LWayError('unsupported', message, advice);
    if (!seen) throw refuse('No document is open in Photopea.', 'Open one and try again.');
    const { activeLayer, selection, trace } = seen;
    if (!activeLayer) throw refuse('No layer is active in Photopea.', 'Choose a layer and try again.');
    if (seen.group) throw refuse(`“${activeLayer.name}” is a folder of layers.`, 'Choose a layer in it.');
    if (target === 'region' && !selection) {
      throw refuse('Nothing is selected in Photopea.', 'Select a region, or upscale the whole layer.');
    }
    const { files } = await this.channel.run(signal, exportScript(trace), { files: 1, timeout: 300_000 });
    const picture = decodePng(activeLayer.name, new Uint8Array(files[0]!));
    const content = await contentOf(signal, picture);
    if (!content) throw refuse(`The layer “${activeLayer.name}” is empty.`, 'Choose a layer with pixels in it.');
    const bounds = target === 'layer' ? content : intersect(content, selection!);
    if (!bounds) throw refuse('The selection lies outside the layer.', 'Select a part of the layer.');
    const layerName = activeLayer.name;
    const known: Opened = { bounds, layerName, trace, width: seen.width, height: seen.height };
    return {
      documentId: seen.id,
      layerId: activeLayer.id,
      layerName,
      bounds,
      source: part(picture, bounds),
      check: (destination, width, height) => check(known, destination, width, height),
      commit: (commitSignal, request) => this.commit(commitSignal, known, request),
      close: () => Promise.resolve(),
    };
  }

  private async commit(signal: AbortSignal, target: Opened, request: CommitRequest): Promise<void> {
    const { destination, result, layerName, onProgress } = request;
    const { width, height } = result.info;
    const { trace, bounds } = target;
    check(target, destination, width, height);
    await this.ensureThere(signal, trace, target.layerName);
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    await writePng(
      signal,
      result,
      (bytes) => pieces.push(bytes),
      (done) => onProgress?.(done * 0.8),
    );
    const open = await this.ensureThere(signal, trace, target.layerName);
    await this.channel.open(signal, joined(pieces));
    // From here on there is a document more in Photopea: it goes into the other one, stays, or is closed again.
    const never = new AbortController().signal;
    try {
      await this.untilOpened(signal, open + 1, width, height);
      signal.throwIfAborted();
      if (destination === 'document') {
        await this.channel.run(never, nameScript(layerName));
      } else {
        const size = enlarged(target, bounds, { width, height });
        const factor = factorOf(bounds, { width, height });
        const [x, y] = [Math.round(bounds.x * factor.x), Math.round(bounds.y * factor.y)];
        const script = insertScript({ trace, layer: target.layerName, name: layerName, ...size, x, y });
        const { values } = await this.channel.run(never, script, { timeout: 300_000 });
        if (values[0] !== '1') throw changed();
      }
    } catch (error) {
      if (signal.aborted) await this.channel.run(never, discardScript(width, height)).catch(() => undefined);
      throw error;
    }
    onProgress?.(1);
  }

  /** Photopea tells nothing of its own accord: it is asked now and then. */
  onChange(listener: () => void): () => void {
    return poll((signal) => this.describe(signal), listener, this.options.watchInterval ?? 2000);
  }

  /** How many documents are open. @throws LWayError `document-changed` */
  private async ensureThere(signal: AbortSignal, trace: string, layer: string): Promise<number> {
    const { values } = await this.channel.run(signal, checkScript(trace, layer));
    if (values[0] !== '1') throw changed();
    return Number(values[1]);
  }

  private async untilOpened(signal: AbortSignal, count: number, width: number, height: number): Promise<void> {
    const { openTimeout = 120_000 } = this.options;
    const end = performance.now() + openTimeout;
    while (performance.now() < end) {
      const { values } = await this.channel.run(signal, openedScript);
      const [open, w, h] = values.map(Number);
      if (open! >= count && w === width && h === height) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new LWayError('timeout', 'Photopea has not opened the result.', 'Choose a smaller scale, or try again.');
  }

  private async look(signal: AbortSignal): Promise<Seen | null> {
    signal.throwIfAborted();
    const { values } = await this.channel.run(signal, describeScript);
    if (values.length === 0) return null;
    const [trace, name, w, h, selection, layer, bounds, group] = values as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const [width, height] = [Number(w), Number(h)];
    const whole = { x: 0, y: 0, width, height };
    return {
      // There are no ids; this is as much as tells one document from another.
      id: trace,
      trace,
      name,
      width,
      height,
      bitDepth: 8,
      selection: selection === '' ? null : intersect(rectOf(selection), whole),
      activeLayer: layer === '' ? null : { id: layer, name: layer, bounds: bounds === '' ? whole : rectOf(bounds) },
      group: group === '1',
    };
  }
}

function rectOf(text: string): Rect {
  const [left, top, right, bottom] = text.split(',').map(Number) as [number, number, number, number];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function check(target: Opened, destination: Destination, width: number, height: number): void {
  const size = destination === 'layer' ? enlarged(target, target.bounds, { width, height }) : { width, height };
  if (Math.max(size.width, size.height) <= maxSide && size.width * size.height <= maxPixels) return;
  throw new LWayError(
    'too-large',
    `The document would have ${size.width}×${size.height} pixels, more than Photopea can show.`,
    'Choose a smaller scale or a part of the picture, or use the command line (npx lway upscale).',
  );
}

/** The rectangle around all that is not wholly transparent; null where nothing is. */
async function contentOf(signal: AbortSignal, picture: PixelSource): Promise<Rect | null> {
  const { width, height, channels } = picture.info;
  if (!hasAlpha(channels)) return { x: 0, y: 0, width, height };
  let [left, top, right, bottom] = [width, height, -1, -1];
  const rows = Math.max(1, Math.floor(2 ** 20 / width));
  for (let y = 0; y < height; y += rows) {
    const band: Raster = await picture.read(signal, { x: 0, y, width, height: Math.min(rows, height - y) });
    const alpha = band.data.subarray((channels - 1) * width * band.height);
    for (let i = 0; i < alpha.length; i++) {
      if (alpha[i] === 0) continue;
      const [column, row] = [i % width, y + Math.floor(i / width)];
      if (column < left) left = column;
      if (column > right) right = column;
      if (row < top) top = row;
      bottom = row;
    }
  }
  return right < 0 ? null : { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

function joined(pieces: readonly Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole.buffer;
}

function changed(): LWayError {
  return new LWayError(
    'document-changed',
    'The document was closed or changed in Photopea in the meantime; nothing was inserted.',
    'Upscale it again, or choose a new document for the result.',
  );
}

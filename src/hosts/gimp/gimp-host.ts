import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LWayError } from '../../engine/errors';
import type { PixelSource, Rect } from '../../engine/raster/raster';
import { intersect } from '../../engine/raster/rect';
import type { CommitRequest, Destination, DocumentSummary, EditorHost, HostCapabilities, OpenedTarget } from '../host';
import { readScheme, type SchemeValue } from './scheme';
import type { ScriptFu } from './script-fu';
import { describeScript, exportScript, insertScript, newImageScript, unchangedScript, type Expected } from './scripts';

/** How pictures get into and out of files; the command line brings its own. */
export interface PictureFiles {
  open(signal: AbortSignal, path: string): Promise<{ source: PixelSource; close(): Promise<void> }>;
  /** Writes a PNG. `onProgress` hears 0..1. */
  write(signal: AbortSignal, source: PixelSource, path: string, onProgress: (done: number) => void): Promise<void>;
}

export interface GimpHostOptions {
  scriptFu: ScriptFu;
  files: PictureFiles;
  /** Number of the image in GIMP; the one opened last when left out, since GIMP does not tell which one is in front. */
  image?: number;
  /** Milliseconds between looks at what is open, while somebody listens. */
  watchInterval?: number;
}

/** `GIMP_MAX_IMAGE_SIZE`, libgimpbase/gimplimits.h */
const maxSide = 524_288;

interface Layer {
  id: number;
  name: string;
  bounds: Rect;
  group: boolean;
}

interface Document {
  image: number;
  name: string;
  width: number;
  height: number;
  precision: number;
  /** 0 RGB, 1 grayscale, 2 indexed. */
  baseType: number;
  selection: (Rect & { solid: boolean }) | null;
  layer: Layer | null;
}

interface GimpTarget extends OpenedTarget {
  readonly expected: Expected;
  readonly masked: boolean;
}

/** GIMP 2.10, through its Script-Fu server: pixels travel as PNG files in a temporary folder of this person's own. */
export class GimpHost implements EditorHost {
  readonly name = 'GIMP';
  readonly capabilities: HostCapabilities = {
    regionRead: false,
    streamedWrite: false,
    bitDepths: [8, 16],
    singleUndo: true,
    masks: true,
    actions: false,
    storage: 'none',
    destinations: ['layer', 'document'],
    maxSide,
    maxPixels: maxSide * maxSide,
  };

  constructor(private readonly options: GimpHostOptions) {}

  async describe(signal: AbortSignal): Promise<DocumentSummary | null> {
    const document = await this.look(signal);
    if (!document) return null;
    const { image, name, width, height, layer, selection } = document;
    return {
      id: String(image),
      name,
      width,
      height,
      bitDepth: bitDepthOf(document.precision),
      activeLayer: layer && { id: String(layer.id), name: layer.name, bounds: layer.bounds },
      selection: selection && rectOf(selection),
    };
  }

  async open(signal: AbortSignal, target: 'layer' | 'region'): Promise<OpenedTarget> {
    const document = await this.look(signal);
    const { layer, bounds } = usable(document, target);
    const { image, width, height, selection } = document!;
    const folder = await mkdtemp(join(tmpdir(), 'lway-gimp-'));
    const remove = () => rm(folder, { recursive: true, force: true });
    try {
      const path = join(folder, 'layer.png');
      await this.options.scriptFu.run(signal, exportScript(image, layer.id, path));
      const opened = await this.options.files.open(signal, path);
      const inLayer = { ...bounds, x: bounds.x - layer.bounds.x, y: bounds.y - layer.bounds.y };
      let closing: Promise<void> | undefined;
      const result: GimpTarget = {
        documentId: String(image),
        layerId: String(layer.id),
        layerName: layer.name,
        bounds,
        source: part(opened.source, inLayer),
        expected: { image, layer: layer.id, width, height, layerBounds: layer.bounds },
        masked: target === 'region' && !selection!.solid,
        close: () => (closing ??= opened.close().then(remove)),
      };
      return result;
    } catch (error) {
      await remove();
      throw error;
    }
  }

  check(target: OpenedTarget, destination: Destination, width: number, height: number): void {
    const { width: w, height: h } =
      destination === 'layer' ? enlarged(target as GimpTarget, width, height) : { width, height };
    if (Math.max(w, h) <= maxSide) return;
    throw new LWayError(
      'too-large',
      `The ${destination === 'layer' ? 'image' : 'new image'} would have ${w}×${h} pixels; GIMP holds ${maxSide} a side.`,
      'Choose a smaller scale, or upscale a part of the picture.',
    );
  }

  async commit(signal: AbortSignal, request: CommitRequest): Promise<void> {
    const { target, destination, result, layerName, onProgress } = request;
    const { width, height } = result.info;
    this.check(target, destination, width, height);
    const { expected, masked, bounds } = target as GimpTarget;
    await this.ensureUnchanged(signal, expected);
    const folder = await mkdtemp(join(tmpdir(), 'lway-gimp-'));
    try {
      const path = join(folder, 'result.png');
      await this.options.files.write(signal, result, path, (done) => onProgress?.(done * 0.9));
      signal.throwIfAborted();
      const size = enlarged(target as GimpTarget, width, height);
      const place = {
        x: Math.round((bounds.x * width) / bounds.width),
        y: Math.round((bounds.y * height) / bounds.height),
      };
      const common = { expected, path, name: layerName };
      const script =
        destination === 'layer'
          ? insertScript({ ...common, ...size, ...place, masked })
          : newImageScript({ ...common, width, height });
      // One script changes the document; once sent it cannot be taken back, so cancelling no longer counts.
      const answer = await this.options.scriptFu.run(new AbortController().signal, script);
      if (answer.trim() !== '1') throw changed();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    onProgress?.(1);
  }

  /** GIMP tells nothing of its own accord: it is asked now and then. */
  onChange(listener: () => void): () => void {
    const stop = new AbortController();
    let before: string | null = null;
    const look = () => {
      this.describe(stop.signal).then(
        (document) => {
          const now = JSON.stringify(document);
          if (before !== null && now !== before && !stop.signal.aborted) listener();
          before = now;
        },
        () => undefined, // GIMP is busy or gone: the next call to it will say so
      );
    };
    look();
    const timer = setInterval(look, this.options.watchInterval ?? 1500);
    timer.unref();
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }

  private async ensureUnchanged(signal: AbortSignal, expected: Expected): Promise<void> {
    if ((await this.options.scriptFu.run(signal, unchangedScript(expected))).trim() !== '1') throw changed();
  }

  private async look(signal: AbortSignal): Promise<Document | null> {
    signal.throwIfAborted();
    const text = await this.options.scriptFu.run(signal, describeScript(this.options.image ?? null));
    const value = readScheme(text) as SchemeValue[];
    if (value.length === 0) return null;
    const [image, name, width, height, precision, baseType, selection, layer] = value as [
      number,
      string,
      number,
      number,
      number,
      number,
      number[],
      [number, string, number, number, number, number, number, number] | [],
    ];
    const [x1, y1, x2, y2, solid] = selection as [number, number, number, number, number];
    return {
      image,
      name,
      width,
      height,
      precision,
      baseType,
      selection: selection.length === 0 ? null : { x: x1, y: y1, width: x2 - x1, height: y2 - y1, solid: solid === 1 },
      layer:
        layer.length === 0
          ? null
          : {
              id: layer[0],
              name: layer[1],
              bounds: { x: layer[2], y: layer[3], width: layer[4], height: layer[5] },
              group: layer[6] === 1,
            },
    };
  }
}

/** Precisions by GIMP's number: 1xx 8 bit integers, 2xx 16, 3xx 32, 5xx to 7xx half, single and double floats. */
function bitDepthOf(precision: number): 8 | 16 | 32 {
  return precision < 200 ? 8 : precision < 300 ? 16 : 32;
}

/** What can be upscaled of a document. @throws LWayError `unsupported` with what to do */
function usable(document: Document | null, target: 'layer' | 'region'): { layer: Layer; bounds: Rect } {
  const refuse = (message: string, advice: string) => new LWayError('unsupported', message, advice);
  if (!document) throw refuse('No image is open in GIMP.', 'Open one and try again.');
  const { layer, selection, precision, baseType } = document;
  if (!layer) throw refuse('No layer is active in GIMP.', 'Choose a layer, not a channel or mask, and try again.');
  if (layer.group) throw refuse(`"${layer.name}" is a layer group.`, 'Choose a layer in it, or merge the group first.');
  if (baseType === 2) throw refuse('The image has a palette.', 'Choose Image ▸ Mode ▸ RGB first.');
  if (bitDepthOf(precision) === 32) {
    throw refuse(
      'The image has 32-bit or floating point values, which do not travel from and to GIMP here.',
      'Choose Image ▸ Precision ▸ 16 bit integer first, or use "lway upscale" with a TIFF file.',
    );
  }
  if (target === 'layer') return { layer, bounds: layer.bounds };
  if (!selection) throw refuse('Nothing is selected in GIMP.', 'Select a region, or upscale the whole layer.');
  const bounds = intersect(layer.bounds, selection);
  if (!bounds) throw refuse(`The selection lies outside the layer "${layer.name}".`, 'Select a part of the layer.');
  return { layer, bounds };
}

function enlarged({ expected, bounds }: GimpTarget, width: number, height: number): { width: number; height: number } {
  return {
    width: Math.max(1, Math.round((expected.width * width) / bounds.width)),
    height: Math.max(1, Math.round((expected.height * height) / bounds.height)),
  };
}

function part(source: PixelSource, rect: Rect): PixelSource {
  return {
    info: { ...source.info, width: rect.width, height: rect.height },
    read: (signal, inner) => source.read(signal, { ...inner, x: inner.x + rect.x, y: inner.y + rect.y }),
  };
}

function rectOf({ x, y, width, height }: Rect): Rect {
  return { x, y, width, height };
}

function changed(): LWayError {
  return new LWayError(
    'document-changed',
    'The image was closed or changed in GIMP meanwhile; nothing was inserted.',
    'Upscale it again.',
  );
}

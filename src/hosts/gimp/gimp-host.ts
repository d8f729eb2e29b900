import {
  type Channels,
  createRaster,
  hasAlpha,
  intersect,
  LWayError,
  type PictureInfo,
  type PixelSource,
  type Raster,
  type Rect,
  Resampler,
} from '../../engine';
import type { CommitRequest, Destination, DocumentSummary, EditorHost, HostCapabilities, OpenedTarget } from '../host';
import { enlarged, enlargedRect, factorOf } from '../shared/enlarging';
import { poll } from '../shared/polling';
import { changedError, plugInError } from './errors';
import type {
  Change,
  CommitQuestion,
  DocumentFacts,
  GimpPort,
  Hello,
  OpenFacts,
  Part,
  Place,
  Question,
  Refusal,
} from './protocol';
import { decodeSamples, depthOf, encodeSamples, pictureDepth, sampleType } from './samples';

/** `GIMP_MAX_IMAGE_SIZE`, libgimpbase/gimplimits.h */
const maxSide = 524_288;
/** Values that travel at a time. */
const bandValues = 2 ** 22;

export interface GimpHostOptions {
  port: GimpPort;
  /** Where LWay was started from. */
  origin: Pick<Hello, 'image' | 'layer' | 'selected'>;
  /** Hears what is not as one may expect about an opened layer. */
  onNotice?: (message: string) => void;
  /** Milliseconds between looks at the image, while somebody listens. */
  watchInterval?: number;
}

/** What is known of a target since it was opened. */
interface Opened {
  readonly bounds: Rect;
  readonly document: DocumentFacts;
  readonly facts: OpenFacts;
  /** The new layer's mask, 0..1, the size of `bounds`; also where it is switched off. */
  readonly shape: PixelSource | null;
  readonly maskApplied: boolean;
  readonly whole: boolean;
  /** What is selected is a plain rectangle, or nothing. */
  readonly plainSelection: boolean;
}

/** GIMP, over its plug-in. Bound to the image and the layer from whose menu it was started, whatever is in front now. */
export class GimpHost implements EditorHost {
  readonly name = 'GIMP';
  readonly capabilities: HostCapabilities = {
    bitDepths: [8, 16, 32],
    singleUndo: true,
    destinations: ['layer', 'document'],
    maxSide,
    maxPixels: maxSide * maxSide,
  };

  /** The layer it is bound to comes last; before it the results of earlier upscales, which are gone again once undone. */
  private readonly places: Place[];

  constructor(private readonly options: GimpHostOptions) {
    const { image, layer } = options.origin;
    this.places = [[image, layer]];
  }

  async describe(signal: AbortSignal): Promise<DocumentSummary | null> {
    const document = await this.look(signal);
    if (!document) return null;
    const { image, name, width, height, precision, selection, layer } = document;
    return {
      id: String(image),
      name,
      width,
      height,
      bitDepth: depthOf(sampleType(precision)),
      activeLayer: layer && { id: String(layer.id), name: layer.name, bounds: layer.bounds },
      selection,
    };
  }

  async open(signal: AbortSignal, target: 'layer' | 'region'): Promise<OpenedTarget> {
    const document = await this.look(signal);
    const { layer, bounds } = this.usable(document, target);
    const { image, precision, base, selection } = document!;
    const facts = await this.ask<OpenFacts>(signal, { op: 'open', image, layer: layer.id });
    const { token } = facts;
    const close = once(() => this.release({ op: 'close', token }));
    try {
      const type = sampleType(precision);
      const colours = base === 'gray' ? 1 : 3;
      const info: PictureInfo = {
        width: bounds.width,
        height: bounds.height,
        channels: (colours + (facts.alpha ? 1 : 0)) as Channels,
        ...pictureDepth(precision),
        resolution: facts.resolution,
      };
      const from = (part: Part, origin: Rect, channels: Channels): PixelSource => ({
        info: { ...info, channels, encoding: 'display' },
        read: async (readSignal, rect) => {
          const inside = {
            ...rect,
            x: rect.x + bounds.x - origin.x,
            y: rect.y + bounds.y - origin.y,
          };
          const { bytes } = await this.send(readSignal, { op: 'read', token, what: part, ...inside });
          return decodeSamples(type, bytes, rect.width, rect.height, channels);
        },
      });
      const image0 = { x: 0, y: 0, width: document!.width, height: document!.height };
      const selected = selection && (await solidity(signal, from('selection', image0, 1), selection, bounds));
      const own = facts.mask ? from('mask', layer.bounds, 1) : null;
      const cut = target === 'region' && !selected!.inside ? from('selection', image0, 1) : null;
      // A mask that is switched off and a selection cannot both be the new layer's mask.
      const shape = cut && own && facts.mask === 'enabled' ? product(own, cut) : (cut ?? own);
      this.tell(layer.name, facts, target === 'region' && cut !== null);
      const known: Opened = {
        bounds,
        document: document!,
        facts,
        shape,
        maskApplied: shape !== null && (cut !== null || facts.mask === 'enabled'),
        whole: target === 'layer',
        plainSelection: selected?.all ?? false,
      };
      return {
        documentId: String(image),
        layerId: String(layer.id),
        layerName: layer.name,
        bounds,
        source: { info, read: from('pixels', layer.bounds, info.channels).read },
        check: (destination, width, height) => check(known, destination, width, height),
        commit: (commitSignal, request) => this.commit(commitSignal, known, request),
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  }

  private async commit(signal: AbortSignal, target: Opened, request: CommitRequest): Promise<void> {
    const { destination, result, layerName, onProgress } = request;
    const { facts, bounds, shape } = target;
    const { width, height, channels } = result.info;
    check(target, destination, width, height);
    const { token } = facts;
    if (destination === 'layer') {
      const { change } = await this.ask<{ change: Change | null }>(signal, { op: 'check', token });
      if (change) throw changedError(change);
    }
    const mask = shape !== null;
    const { stage } = await this.ask<{ stage: string }>(signal, {
      op: 'stage',
      token,
      width,
      height,
      channels,
      mask,
      name: layerName,
    });
    let committed = false;
    try {
      const share = mask ? 0.8 : 1;
      const opaque = await this.write(signal, stage, 'pixels', result, target, (done) =>
        onProgress?.(0.95 * share * done),
      );
      if (shape) {
        const scaled = scaledMask(shape, width, height);
        await this.write(signal, stage, 'mask', scaled, target, (done) =>
          onProgress?.(0.95 * (share + (1 - share) * done)),
        );
      }
      signal.throwIfAborted();
      const factor = factorOf(bounds, { width, height });
      const question: CommitQuestion = {
        op: 'commit',
        token,
        stage,
        name: layerName,
        destination,
        resolution: facts.resolution,
        size: enlarged(target.document, target.bounds, { width, height }),
        x: Math.round(bounds.x * factor.x),
        y: Math.round(bounds.y * factor.y),
        maskApplied: target.maskApplied,
        hide: this.hidingOf(target, opaque),
        select: target.plainSelection ? enlargedRect(target.document.selection!, factor) : null,
      };
      // One step changes the image; once asked for it cannot be taken back, so cancelling no longer counts.
      const answer = await this.ask<{ change?: Change; image: number; layer: number }>(never(), question);
      if (answer.change) throw changedError(answer.change);
      committed = true;
      if (destination === 'layer') this.places.unshift([answer.image, answer.layer]);
    } finally {
      if (!committed) await this.release({ op: 'drop', stage });
    }
    onProgress?.(1);
  }

  /** GIMP tells nothing of its own accord: it is asked now and then. */
  onChange(listener: () => void): () => void {
    return poll((signal) => this.look(signal), listener, this.options.watchInterval ?? 1500);
  }

  /** @returns whether every pixel is opaque */
  private async write(
    signal: AbortSignal,
    stage: string,
    what: 'pixels' | 'mask',
    source: PixelSource,
    { document }: Opened,
    onProgress: (done: number) => void,
  ): Promise<boolean> {
    const { width, height, channels } = source.info;
    const type = sampleType(document.precision);
    const rows = Math.max(1, Math.floor(bandValues / (width * channels)));
    const limit = depthOf(type) === 8 ? 1 - 0.5 / 255 : 1 - 0.5 / 65535;
    let opaque = true;
    for (let y = 0; y < height; y += rows) {
      signal.throwIfAborted();
      const rect = { x: 0, y, width, height: Math.min(rows, height - y) };
      const piece = await source.read(signal, rect);
      if (opaque && hasAlpha(channels)) {
        opaque = piece.data.subarray((channels - 1) * width * rect.height).every((value) => value >= limit);
      }
      await this.send(signal, { op: 'write', stage, what, ...rect }, encodeSamples(type, piece));
      onProgress((y + rect.height) / height);
    }
    return opaque;
  }

  /** Where the original would show through or be blended twice, it gives way. */
  private hidingOf({ facts, whole, document, bounds }: Opened, opaque: boolean): CommitQuestion['hide'] {
    if (opaque && !facts.blended && facts.mask !== 'enabled') return 'none';
    const layer = document.layer!.bounds;
    if (whole || (bounds.width === layer.width && bounds.height === layer.height)) return 'layer';
    return facts.mask === 'disabled' ? 'none' : 'hole';
  }

  private tell(name: string, { visible, mask }: OpenFacts, cut: boolean): void {
    const { onNotice } = this.options;
    if (!visible) onNotice?.(`“${name}” is hidden in GIMP; its result will be visible.`);
    if (mask === 'disabled' && cut) {
      onNotice?.(`The mask of “${name}” is switched off: the new layer’s mask has the shape of the selection alone.`);
    }
  }

  /** What can be upscaled. @throws LWayError `unsupported` with what to do */
  private usable(document: DocumentFacts | null, target: 'layer' | 'region') {
    const refuse = (message: string, advice: string) => new LWayError('unsupported', message, advice);
    if (!document) {
      throw refuse('The image has been closed in GIMP.', 'Open it and choose Filters ▸ Enhance ▸ Upscale with LWay.');
    }
    const { layer, selection, base } = document;
    if (!layer) {
      const { origin } = this.options;
      throw origin.selected > 1
        ? refuse(`${origin.selected} layers are selected in GIMP.`, 'Select one, and choose Upscale with LWay again.')
        : origin.layer === null
          ? refuse('No layer is active in GIMP.', 'Select a layer, not a channel, and choose Upscale with LWay again.')
          : refuse('The layer is no longer in the image.', 'Select another one, and choose Upscale with LWay again.');
    }
    if (document.floating) {
      throw refuse(
        'There is a floating selection in the image.',
        'Anchor it or make it a layer (Layer ▸ Anchor Layer, Layer ▸ To New Layer), then try again.',
      );
    }
    if (layer.group)
      throw refuse(`“${layer.name}” is a layer group.`, 'Choose a layer in it, or merge the group first.');
    if (base === 'indexed') throw refuse('The image has a palette.', 'Choose Image ▸ Mode ▸ RGB first.');
    if (target === 'layer') return { layer, bounds: layer.bounds };
    if (!selection) throw refuse('Nothing is selected in GIMP.', 'Select a region, or upscale the whole layer.');
    const bounds = intersect(layer.bounds, selection);
    if (!bounds) throw refuse(`The selection lies outside the layer “${layer.name}”.`, 'Select a part of the layer.');
    return { layer, bounds };
  }

  private async look(signal: AbortSignal): Promise<DocumentFacts | null> {
    const question = { op: 'describe', candidates: this.places } as const;
    return (await this.ask<{ document: DocumentFacts | null }>(signal, question)).document;
  }

  private async ask<T>(signal: AbortSignal, question: Question): Promise<T> {
    return (await this.send(signal, question)).answer as T;
  }

  private async send(signal: AbortSignal, question: Question, bytes?: Uint8Array) {
    signal.throwIfAborted();
    const result = await this.options.port.ask(signal, question, bytes);
    const refusal = (result.answer as Partial<Refusal>).error;
    if (refusal) throw plugInError(refusal);
    return result;
  }

  /** What is given up in any case: that it failed, too, is nobody's concern. */
  private async release(question: Question): Promise<void> {
    await this.options.port.ask(never(), question).catch(() => undefined);
  }
}

const never = () => new AbortController().signal;

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

/** Whether all of the selection is selected fully: in its bounds, and in those of what is upscaled. */
async function solidity(signal: AbortSignal, source: PixelSource, selection: Rect, bounds: Rect) {
  const result = { all: true, inside: true };
  const rows = Math.max(1, Math.floor(bandValues / selection.width));
  for (let y = 0; y < selection.height; y += rows) {
    const band = { ...selection, y: selection.y + y, height: Math.min(rows, selection.height - y) };
    const { data } = await source.read(signal, { ...band, x: band.x - bounds.x, y: band.y - bounds.y });
    if (data.every((value) => value >= 1)) continue;
    result.all = false;
    for (let i = 0; result.inside && i < data.length; i++) {
      if (data[i]! >= 1) continue;
      const [x, at] = [band.x + (i % band.width), band.y + Math.floor(i / band.width)];
      result.inside = x < bounds.x || x >= bounds.x + bounds.width || at < bounds.y || at >= bounds.y + bounds.height;
    }
  }
  return result;
}

function product(a: PixelSource, b: PixelSource): PixelSource {
  return {
    info: a.info,
    async read(signal, rect) {
      const [one, other] = [await a.read(signal, rect), await b.read(signal, rect)];
      const result = createRaster(rect.width, rect.height, 1);
      one.data.forEach((value, i) => (result.data[i] = value * other.data[i]!));
      return result;
    },
  };
}

/** A mask brought to the size of the result, piece by piece. */
function scaledMask(mask: PixelSource, width: number, height: number): PixelSource {
  const { info } = mask;
  const resampler = new Resampler(info.width, info.height, width, height);
  return {
    info: { ...info, width, height },
    async read(signal, rect): Promise<Raster> {
      const needed = resampler.needed(rect);
      const result = resampler.resample(await mask.read(signal, needed), needed, rect);
      // The kernel overshoots at hard edges.
      result.data.forEach((value, i) => (result.data[i] = Math.min(1, Math.max(0, value))));
      return result;
    },
  };
}

function check(target: Opened, destination: Destination, width: number, height: number): void {
  const size =
    destination === 'layer' ? enlarged(target.document, target.bounds, { width, height }) : { width, height };
  if (Math.max(size.width, size.height) <= maxSide) return;
  throw new LWayError(
    'too-large',
    `The ${destination === 'layer' ? 'image' : 'new image'} would have ${size.width}×${size.height} pixels; GIMP holds ${maxSide} a side.`,
    'Choose a smaller scale, or upscale a part of the picture.',
  );
}

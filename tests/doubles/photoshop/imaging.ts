import { profiles, white, type Depth, type Mode } from './constants';
import { componentsOf, type FakeDocument } from './document';
import { later } from './later';
import type { FakePhotoshop } from './photoshop';
import {
  contentOf,
  cropPlane,
  intersect,
  isEmpty,
  makePlane,
  makeSamples,
  writePlane,
  type Edges,
  type Plane,
  type Samples,
} from './plane';
import { compositeOf } from './state';

type SourceBounds = Edges | { left: number; top: number; width: number; height: number };

interface PutOptions {
  documentID?: number;
  layerID: number;
  imageData: FakeImageData;
  replace?: boolean;
  targetBounds?: { left: number; top: number };
  commandName?: string;
}

function toEdges(bounds: SourceBounds): Edges {
  const { left, top } = bounds;
  const edges = 'right' in bounds ? bounds : { left, top, right: left + bounds.width, bottom: top + bounds.height };
  if (![edges.left, edges.top, edges.right, edges.bottom].every(Number.isInteger)) {
    throw new Error('Bounds must be whole pixels.');
  }
  if (isEmpty(edges)) throw new Error('Bounds must not be empty.');
  return edges;
}

/** Pixels handed out or made; the double counts those that nobody has disposed of. */
export class FakeImageData {
  readonly type = 'image/uncompressed';
  readonly isChunky = true;
  private disposed = false;

  constructor(
    private readonly owner: Set<FakeImageData>,
    readonly plane: Plane,
    readonly colorSpace: string,
    readonly colorProfile: string,
    /** Values of 16 bit as they were given: 0..65535 instead of 0..32768. */
    private readonly fullRange = false,
  ) {
    owner.add(this);
  }
  get width() {
    return this.plane.right - this.plane.left;
  }
  get height() {
    return this.plane.bottom - this.plane.top;
  }
  get components() {
    return this.plane.components;
  }
  get componentSize() {
    return this.plane.depth;
  }
  get hasAlpha() {
    return this.plane.alpha;
  }
  get pixelFormat() {
    const name = this.colorSpace === 'Grayscale' ? 'Grayscale' : this.colorSpace.toUpperCase();
    return this.hasAlpha ? (name === 'RGB' ? 'RGBA' : `${name}Alpha`) : name;
  }
  get isDisposed() {
    return this.disposed;
  }

  async getData({
    chunky = true,
    fullRange = false,
  }: { chunky?: boolean; fullRange?: boolean } = {}): Promise<Samples> {
    await tick();
    if (this.disposed) throw new Error('The image data has been disposed of.');
    const { data, components, depth } = this.plane;
    const result = makeSamples(depth, data.length);
    const pixels = data.length / components;
    for (let i = 0; i < data.length; i++) {
      const to = chunky ? i : (i % components) * pixels + Math.floor(i / components);
      const value = data[i]!;
      result[to] = depth !== 16 || fullRange === this.fullRange ? value : rerange(value, fullRange);
    }
    return result;
  }
  dispose(): void {
    this.disposed = true;
    this.owner.delete(this);
  }
}

function rerange(value: number, toFull: boolean): number {
  return toFull ? Math.round((value * 65535) / 32768) : Math.round((value * 32768) / 65535);
}

export function tick(): Promise<void> {
  return new Promise((resolve) => later(0, resolve));
}

/** `require('photoshop').imaging`: trims what it reads, refuses what the reference does not allow. */
export class FakeImaging {
  readonly live = new Set<FakeImageData>();
  /** What reading an area without pixels does: nothing documents it. */
  blank: 'throw' | 'empty' = 'throw';

  constructor(private readonly ps: FakePhotoshop) {}

  async getPixels(options: {
    documentID?: number;
    layerID?: number;
    sourceBounds?: SourceBounds;
    targetSize?: { width?: number; height?: number };
    colorSpace?: string;
    colorProfile?: string;
  }) {
    const document = await this.enter('getPixels', options.documentID);
    // Photoshop's side is native code: an option that is there and undefined is not an option left out.
    if (Object.values<unknown>(options).includes(undefined)) throw new Error('getPixels: an option is undefined.');
    const plane = this.source(document, options.layerID);
    const asked = options.sourceBounds ? toEdges(options.sourceBounds) : plane;
    if (options.layerID === undefined && !isEmpty(asked)) {
      const canvas = { left: 0, top: 0, right: document.width, bottom: document.height };
      if (isEmpty(intersect(asked, canvas))) throw new Error('The bounds lie outside the document.');
    }
    const sourceBounds = contentOf(plane, asked);
    if (isEmpty(sourceBounds) && this.blank === 'throw') throw new Error('Could not complete the command: no pixels.');
    const { mode, profile, depth } = document.traits;
    const own = spaceOf(mode);
    const space = options.colorSpace ?? own;
    if (!['RGB', 'Grayscale', 'Lab'].includes(space)) throw new Error(`The colour space ${space} is not supported.`);
    const name = options.colorProfile ?? (space === own ? profile : 'sRGB IEC61966-2.1');
    let pixels = cropPlane(plane, sourceBounds);
    if (space !== own) pixels = convert(pixels, own, space);
    if (options.targetSize && !isEmpty(sourceBounds)) {
      const { width = 1, height = 1 } = options.targetSize;
      pixels = cropPlane(
        { ...pixels, left: 0, top: 0, right: pixels.right - pixels.left, bottom: pixels.bottom - pixels.top },
        {
          left: 0,
          top: 0,
          right: width,
          bottom: height,
        },
      );
    }
    const linear = depth === 32 && name ? `${name} (Linear RGB Profile)` : name;
    return {
      imageData: new FakeImageData(this.live, pixels, space, linear),
      sourceBounds: { ...sourceBounds },
      level: 0,
    };
  }

  async createImageDataFromBuffer(
    data: Samples,
    options: {
      width: number;
      height: number;
      components: number;
      chunky?: boolean;
      colorSpace: string;
      colorProfile?: string;
      fullRange?: boolean;
    },
  ) {
    this.ps.refuseWhenCancelled();
    await tick();
    const { width, height, components, colorSpace, colorProfile, fullRange = false, chunky = true } = options;
    if (data.length !== width * height * components) throw new Error('The buffer has the wrong length.');
    if (colorProfile && !profiles.includes(colorProfile)) throw new Error(`There is no profile ${colorProfile}.`);
    if (!chunky && components > 1) throw new Error('Planar buffers are not doubled.');
    const colours = { RGB: 3, Grayscale: 1, Lab: 3 }[colorSpace];
    if (!colours || components < colours || components > colours + 1)
      throw new Error('Components and colour space differ.');
    const depth: Depth = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32;
    const plane = makePlane({ left: 0, top: 0, right: width, bottom: height }, components, components > colours, depth);
    plane.data.set(data);
    if (depth === 16 && !fullRange && data.some((value) => value > white[16])) {
      throw new Error('16-bit values go from 0 to 32768 unless fullRange is set.');
    }
    if (depth === 16 && fullRange) plane.data.set(plane.data.map((value) => rerange(value, false)));
    return new FakeImageData(this.live, plane, colorSpace, colorProfile ?? '');
  }

  async putPixels(options: PutOptions): Promise<void> {
    const document = await this.enter('putPixels', options.documentID);
    const { imageData, replace = true, targetBounds = { left: 0, top: 0 } } = options;
    if (imageData.isDisposed) throw new Error('The image data has been disposed of.');
    this.ps.mutateNow(document, options.commandName ?? 'Put Pixels', () => {
      const { layer } = document.place(options.layerID);
      if (layer.kind !== 'pixel') throw new Error('putPixels: the target must be a pixel layer.');
      if (layer.allLocked) throw new Error('putPixels: the layer is locked.');
      if (imageData.componentSize !== document.traits.depth) throw new Error('putPixels: the depth differs.');
      const own = spaceOf(document.mode);
      const { left, top } = targetBounds;
      if (!Number.isInteger(left) || !Number.isInteger(top)) throw new Error('Bounds must be whole pixels.');
      const moved = shift(
        imageData.colorSpace === own ? imageData.plane : convert(imageData.plane, imageData.colorSpace, own),
        left,
        top,
      );
      if (isEmpty(moved)) throw new Error('putPixels: there are no pixels.');
      const empty = makePlane(
        { left, top, right: left, bottom: top },
        componentsOf(document.mode),
        true,
        document.traits.depth,
      );
      layer.plane = writePlane(replace || !layer.plane ? empty : layer.plane, moved);
    });
    await this.ps.afterWrite();
  }

  async getLayerMask(options: { documentID?: number; layerID: number; kind?: string; sourceBounds?: SourceBounds }) {
    const document = await this.enter('getLayerMask', options.documentID);
    const { layer } = document.place(options.layerID);
    const mask = options.kind === 'vector' ? layer.vectorMask : layer.mask;
    if (!mask) throw new Error('The layer has no such mask.');
    const found = intersect(mask, options.sourceBounds ? toEdges(options.sourceBounds) : mask);
    return {
      imageData: new FakeImageData(this.live, cropPlane(mask, found), 'Grayscale', 'Gray Gamma 2.2'),
      sourceBounds: found,
    };
  }

  async putLayerMask(options: PutOptions): Promise<void> {
    const document = await this.enter('putLayerMask', options.documentID);
    const { imageData, replace = true, targetBounds = { left: 0, top: 0 } } = options;
    if (imageData.components !== 1 || imageData.colorSpace !== 'Grayscale')
      throw new Error('A mask has one component.');
    this.ps.mutateNow(document, options.commandName ?? 'Put Mask', () => {
      const { layer } = document.place(options.layerID);
      // Whether Photoshop would make one is not documented.
      if (!layer.mask) throw new Error('putLayerMask: the layer has no mask.');
      const moved = shift(imageData.plane, targetBounds.left, targetBounds.top);
      layer.mask = replace ? cropPlane(moved, moved) : writePlane(layer.mask, moved);
    });
  }

  async getSelection(options: { documentID?: number; sourceBounds?: SourceBounds }) {
    const document = await this.enter('getSelection', options.documentID);
    const { selection } = document.state;
    if (!selection) throw new Error('Nothing is selected.');
    const asked = options.sourceBounds ? toEdges(options.sourceBounds) : selection;
    const found = contentOf({ ...selection, alpha: true }, asked);
    return {
      imageData: new FakeImageData(this.live, cropPlane(selection, found), 'Grayscale', 'Gray Gamma 2.2'),
      sourceBounds: found,
    };
  }

  /** Everything needs the modal state here: nothing states that reading may do without. */
  private async enter(what: string, documentID: number | undefined): Promise<FakeDocument> {
    this.ps.requireModal(what);
    await tick();
    this.ps.requireModal(what);
    return this.ps.documentOf(documentID);
  }

  private source(document: FakeDocument, layerID: number | undefined): Plane {
    const { mode, depth } = document.traits;
    if (layerID === undefined) {
      const canvas = { left: 0, top: 0, right: document.width, bottom: document.height };
      const whole = compositeOf(document.state.layers, canvas, componentsOf(mode), depth);
      return document.backgroundLayer ? withoutAlpha(whole) : whole;
    }
    const { layer } = document.place(layerID);
    // Strict: what is no pixel layer has no pixels of its own to give.
    if (layer.kind !== 'pixel' || !layer.plane) throw new Error('getPixels: the layer has no pixels of its own.');
    return layer.background ? withoutAlpha(layer.plane) : layer.plane;
  }
}

function spaceOf(mode: Mode): string {
  return (
    { RGBColorMode: 'RGB', grayscaleMode: 'Grayscale', labColorMode: 'Lab', CMYKColorMode: 'CMYK' }[mode as string] ??
    'other'
  );
}

/**
 * Stands for a colour conversion: turns every colour value round, in both directions, so that a forgotten conversion shows.
 */
function convert(plane: Plane, from: string, to: string): Plane {
  if (from === 'CMYK' || to === 'CMYK') {
    const components = (to === 'CMYK' ? 4 : 3) + (plane.alpha ? 1 : 0);
    const result = makePlane(plane, components, plane.alpha, plane.depth);
    const pixels = plane.data.length / plane.components;
    for (let i = 0; i < pixels; i++) {
      for (let c = 0; c < 3; c++) {
        result.data[i * components + c] = white[plane.depth] - plane.data[i * plane.components + c]!;
      }
      if (plane.alpha) result.data[(i + 1) * components - 1] = plane.data[(i + 1) * plane.components - 1]!;
    }
    return result;
  }
  const result = cropPlane(plane, plane);
  for (let i = 0; i < result.data.length; i++) {
    const isAlpha = plane.alpha && i % plane.components === plane.components - 1;
    if (!isAlpha) result.data[i] = white[plane.depth] - result.data[i]!;
  }
  return result;
}

function shift(plane: Plane, x: number, y: number): Plane {
  const { left, top, right, bottom } = plane;
  return { ...plane, left: left + x, right: right + x, top: top + y, bottom: bottom + y };
}

function withoutAlpha(plane: Plane): Plane {
  const result = makePlane(plane, plane.components - 1, false, plane.depth);
  for (let from = 0, to = 0; from < plane.data.length; from++) {
    if (from % plane.components !== plane.components - 1) result.data[to++] = plane.data[from]!;
  }
  return result;
}

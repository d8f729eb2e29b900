import { type Channels, LWayError, type Rect } from '../../../engine';
import { BLOCK, type OpenParams, type TargetInfo } from '../protocol';
import {
  activeDocument,
  bitDepthOf,
  canvasOf,
  findLayer,
  intersection,
  isEmpty,
  maxSideOf,
  selectionOf,
  stateOf,
  toEdges,
  toRect,
  unedited,
  type DocumentState,
} from './documents';
import { accessOf, activeLayer, masksOf, type LayerAccess } from './layers';
import { fillMask, multiplyMasks, uniformMask, type Mask } from './mask';
import { suspended, type ModalGate, type Scope } from './modal';
import type { PhotoshopApi, PsDocument, PsLayer, TemporaryFiles } from './photoshop-api';
import { readPixels, type PixelOrigin, type Pixels } from './pixels';
import type { Samples } from './samples';
import { Spool } from './spool';

/** Wide enough for photographs and narrow enough for 8 bit; every Photoshop has it. */
const CONVERSION = { colorSpace: 'RGB', colorProfile: 'Adobe RGB (1998)' } as const;

export interface OpenContext {
  ps: PhotoshopApi;
  gate: ModalGate;
  files: TemporaryFiles;
  /** Asks the person; never while an action plays. */
  confirm: (question: string) => boolean;
}

/** A layer or region that is open for reading, on Photoshop's side. */
export interface Target {
  info: TargetInfo;
  state: DocumentState;
  /** Mode of a new document that the result fits into. */
  gray: boolean;
  profile: string;
  mask: Mask | null;
  maskFeather: number;
  /** Nothing of the layer lies beside what is open. */
  whole: boolean;
  /** Where the region is not a plain rectangle: how much of each pixel is in it. */
  selection: Mask | null;
  read(signal: AbortSignal, column: number, row: number): Promise<Omit<Pixels, 'profile'>>;
  close(): Promise<void>;
}

let tokens = 0;

/**
 * Opens the active layer, or the part of it inside the selection. Plain layers are read later, block by block; what has to
 * be rasterised is copied, read whole and removed again here, within one modal scope that leaves no history.
 *
 * @throws LWayError `unsupported` with what to do
 */
export async function openTarget(context: OpenContext, signal: AbortSignal, { target }: OpenParams): Promise<Target> {
  const { ps, gate } = context;
  const document = activeDocument(ps);
  if (!document) {
    throw new LWayError('unsupported', 'No document is open.', 'Open a picture in Photoshop, then try again.');
  }
  const notices: string[] = [];
  const { colours, conversion } = modeOf(context, document, notices);
  const bitDepth = bitDepthOf(ps, document);
  const layer = activeLayer(document);
  const access = accessOf(ps, layer);
  const spool = new Spool(context.files);
  try {
    return await gate.run(signal, 'Reading the layer', true, async (scope) => {
      const region = target === 'region' ? regionOf(document) : null;
      const work = async (origin: PixelOrigin, effective: PsLayer | null) => {
        const extent = effective ? toRect(effective.boundsNoEffects) : canvasOf(document);
        if (isEmpty(extent)) throw emptyLayer(layer.name);
        const bounds = region ? intersection(region, extent) : extent;
        if (isEmpty(bounds)) {
          throw new LWayError(
            'unsupported',
            `The selection does not touch the pixels of “${layer.name}”.`,
            'Select a part of the picture that this layer covers, or another layer.',
          );
        }
        const first = await readPixels(ps, scope, origin, blockAt(bounds, 0, 0));
        const masks =
          effective && !effective.isBackgroundLayer ? await readMasks(ps, scope, document, effective, bounds) : null;
        const selection = region && !document.selection.solid ? await readSelection(ps, document, bounds) : null;
        if (access !== 'direct') await spoolAll(ps, scope, origin, bounds, first, spool);
        const alpha = effective ? !effective.isBackgroundLayer : !document.backgroundLayer;
        return {
          bounds,
          whole: !selection && bounds.width === extent.width && bounds.height === extent.height,
          selection,
          profile: first.profile,
          channels: (colours + (alpha ? 1 : 0)) as Channels,
          mask: masks && selection ? multiplyMasks(masks.mask, 1, selection) : (masks?.mask ?? selection),
          maskFeather: masks?.feather ?? 0,
        };
      };
      const origin = { documentID: document.id, conversion };
      const found =
        access === 'direct'
          ? await work({ ...origin, layerID: layer.id }, layer)
          : await onCopy(ps, scope, document, layer, access, (copy) =>
              work(copy ? { ...origin, layerID: copy.id } : origin, copy),
            );
      const state = stateOf(document, layer.id);
      const { width, height } = canvasOf(document);
      return {
        info: {
          token: `target-${++tokens}`,
          documentId: String(document.id),
          documentWidth: width,
          documentHeight: height,
          maxSide: maxSideOf(document),
          layerId: String(layer.id),
          layerName: layer.name,
          bounds: found.bounds,
          channels: found.channels,
          bitDepth,
          linear: bitDepth === 32,
          resolution: document.resolution,
          notices,
        },
        state,
        gray: colours === 1,
        profile: found.profile,
        mask: found.mask,
        maskFeather: found.maskFeather,
        whole: found.whole,
        selection: found.selection,
        read: async (readSignal, column, row) => {
          const spooled = await spool.get(key(column, row));
          if (spooled) return spooled;
          if (access !== 'direct') throw new LWayError('internal', 'The layer has been closed.', 'Start again.');
          return gate.run(readSignal, 'Reading the layer', true, (readScope) => {
            unedited(ps, state);
            return readPixels(ps, readScope, { ...origin, layerID: layer.id }, blockAt(found.bounds, column, row));
          });
        },
        close: () => spool.clear(),
      };
    });
  } catch (error) {
    await spool.clear();
    throw error;
  }
}

/** The part of block `column`, `row` that lies inside `bounds`. */
function blockAt(bounds: Rect, column: number, row: number): Rect {
  const block = { x: bounds.x + column * BLOCK, y: bounds.y + row * BLOCK, width: BLOCK, height: BLOCK };
  const rect = intersection(block, bounds);
  if (isEmpty(rect)) throw new LWayError('internal', 'A read went beyond the layer.', 'Start the upscale again.');
  return rect;
}

function key(column: number, row: number): string {
  return `${column},${row}`;
}

function emptyLayer(name: string): LWayError {
  return new LWayError('unsupported', `The layer “${name}” is empty.`, 'Select a layer that has pixels.');
}

/** Colour channels that the pixels will have, and how Photoshop shall convert them. */
function modeOf({ ps, gate, confirm }: OpenContext, document: PsDocument, notices: string[]) {
  const modes = ps.constants.DocumentMode;
  switch (document.mode) {
    case modes.RGB:
      return { colours: 3 };
    case modes.GRAYSCALE:
      return { colours: 1 };
    case modes.LAB:
      notices.push('Lab pictures are read and upscaled as Adobe RGB; Photoshop converts the result back.');
      return { colours: 3, conversion: CONVERSION };
    case modes.CMYK: {
      const refusal = new LWayError(
        'unsupported',
        'This is a CMYK document; the networks work on RGB.',
        'Choose Image > Mode > RGB Color first (in an action, as a step before this one).',
      );
      if (gate.isPlaying) throw refusal;
      if (
        !confirm(
          'This is a CMYK document. LWay can read it as Adobe RGB and let Photoshop convert the result back; colours, black above all, may change slightly. Continue?',
        )
      ) {
        throw refusal;
      }
      notices.push('The CMYK picture was read as Adobe RGB; Photoshop converts the result back.');
      return { colours: 3, conversion: CONVERSION };
    }
    default:
      throw new LWayError(
        'unsupported',
        'LWay works on RGB, grayscale and Lab documents; this one has another mode.',
        'Choose Image > Mode > RGB Color, then try again.',
      );
  }
}

function regionOf(document: PsDocument): Rect {
  const selection = selectionOf(document);
  if (!selection || isEmpty(selection)) {
    throw new LWayError(
      'unsupported',
      selection ? 'The selection lies outside the picture.' : 'Nothing is selected.',
      'Select the part to upscale, or upscale the whole layer.',
    );
  }
  return selection;
}

/** Makes a copy that has pixels, lets `work` read it, and removes every trace of it. */
async function onCopy<T>(
  ps: PhotoshopApi,
  scope: Scope,
  document: PsDocument,
  layer: PsLayer,
  access: LayerAccess,
  work: (copy: PsLayer | null) => Promise<T>,
): Promise<T> {
  const undo: (() => unknown)[] = [];
  return suspended(
    scope.context,
    document.id,
    'Reading the layer',
    false,
    async () => {
      if (access === 'stamped') {
        for (const hidden of layersAbove(document, layer)) {
          if (!hidden.visible) continue;
          hidden.visible = false;
          undo.push(() => (hidden.visible = true));
        }
        if (!layer.visible) {
          layer.visible = true;
          undo.push(() => (layer.visible = false));
        }
        return work(null);
      }
      const copy = await layer.duplicate();
      if (!copy) throw emptyLayer(layer.name);
      let id = copy.id;
      undo.push(() => findLayer(document.layers, id)?.delete());
      scope.check();
      if (copy.allLocked) copy.allLocked = false;
      copy.visible = true;
      let pixels = copy;
      if (access === 'merged') pixels = await copy.merge();
      else await copy.rasterize(ps.constants.RasterizeType.ENTIRELAYER);
      id = pixels.id;
      scope.check();
      return work(pixels);
    },
    async () => {
      for (const step of undo.reverse()) await step();
    },
  );
}

/** All that may cover `layer`: what lies above it, beside each of its groups too. */
function layersAbove(document: PsDocument, layer: PsLayer): PsLayer[] {
  const above: PsLayer[] = [];
  for (let current: PsLayer | null = layer; current; current = current.parent) {
    const { id } = current;
    const siblings = [...(current.parent?.layers ?? document.layers)];
    above.push(
      ...siblings.slice(
        0,
        Math.max(
          0,
          siblings.findIndex((sibling) => sibling.id === id),
        ),
      ),
    );
  }
  return above;
}

async function spoolAll(
  ps: PhotoshopApi,
  scope: Scope,
  origin: PixelOrigin,
  bounds: Rect,
  first: Pixels,
  spool: Spool,
): Promise<void> {
  for (let row = 0; row * BLOCK < bounds.height; row++) {
    for (let column = 0; column * BLOCK < bounds.width; column++) {
      scope.check();
      const block = row + column === 0 ? first : await readPixels(ps, scope, origin, blockAt(bounds, column, row));
      await spool.put(key(column, row), block.header, block.bytes);
    }
  }
}

async function readSelection(ps: PhotoshopApi, document: PsDocument, bounds: Rect): Promise<Mask> {
  const mask = uniformMask(bounds.width, bounds.height, 0);
  const answer = await ps.imaging.getSelection({ documentID: document.id, sourceBounds: toEdges(bounds) });
  await take(mask, bounds, answer);
  return mask;
}

async function readMasks(
  ps: PhotoshopApi,
  scope: Scope,
  document: PsDocument,
  layer: PsLayer,
  bounds: Rect,
): Promise<{ mask: Mask; feather: number } | null> {
  const masks = await masksOf(ps, document.id, layer);
  let result: Mask | null = null;
  for (const kind of ['user', 'vector'] as const) {
    if (!masks[kind]) continue;
    scope.check();
    const mask = await readMask(ps, document.id, layer.id, kind, bounds);
    result = multiplyMasks(mask, kind === 'user' ? masks.userDensity : masks.vectorDensity, result);
  }
  return result && { mask: result, feather: masks.user ? masks.userFeather : 0 };
}

/** A layer's mask within `bounds` of the document. What it does not cover, it does not hide (docs/photoshop.md, assumption 7). */
export async function readMask(
  ps: PhotoshopApi,
  documentID: number,
  layerID: number,
  kind: 'user' | 'vector',
  bounds: Rect,
): Promise<Mask> {
  const mask = uniformMask(bounds.width, bounds.height, 255);
  await take(mask, bounds, await ps.imaging.getLayerMask({ documentID, layerID, kind, sourceBounds: toEdges(bounds) }));
  return mask;
}

async function take(
  mask: Mask,
  bounds: Rect,
  { imageData, sourceBounds }: Awaited<ReturnType<PhotoshopApi['imaging']['getSelection']>>,
): Promise<void> {
  try {
    const found = toRect(sourceBounds);
    if (isEmpty(found)) return;
    const samples = (await imageData.getData({ chunky: true, fullRange: false })) as Samples;
    fillMask(mask, { ...found, x: found.x - bounds.x, y: found.y - bounds.y }, samples);
  } finally {
    await imageData.dispose();
  }
}

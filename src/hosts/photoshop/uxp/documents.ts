import { LWayError, type Rect } from '../../../engine';
import type { DocumentSummary } from '../../host';
import { PSB_MAX_SIDE, PSD_MAX_SIDE } from '../protocol';
import type { PhotoshopApi, PsDocument, PsLayer } from './photoshop-api';

interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function toRect({ left, top, right, bottom }: Edges): Rect {
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
}

export function toEdges({ x, y, width, height }: Rect): Edges {
  return { left: x, top: y, right: x + width, bottom: y + height };
}

export function intersection(a: Rect, b: Rect): Rect {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(0, Math.min(a.x + a.width, b.x + b.width) - x),
    height: Math.max(0, Math.min(a.y + a.height, b.y + b.height) - y),
  };
}

export function isEmpty({ width, height }: Rect): boolean {
  return width < 1 || height < 1;
}

export function canvasOf(document: PsDocument): Rect {
  return { x: 0, y: 0, width: Math.round(document.width), height: Math.round(document.height) };
}

/** The active document, null where none is open. */
export function activeDocument(ps: Pick<PhotoshopApi, 'app'>): PsDocument | null {
  if (ps.app.documents.length === 0) return null;
  return ps.app.activeDocument ?? null;
}

export function findDocument(ps: Pick<PhotoshopApi, 'app'>, id: number): PsDocument | null {
  return [...ps.app.documents].find((document) => document.id === id) ?? null;
}

/** Searches groups, too. */
export function findLayer(layers: Iterable<PsLayer>, id: number): PsLayer | null {
  for (const layer of layers) {
    if (layer.id === id) return layer;
    const inside = layer.layers ? findLayer(layer.layers, id) : null;
    if (inside) return inside;
  }
  return null;
}

export function bitDepthOf(ps: Pick<PhotoshopApi, 'constants'>, document: PsDocument): 8 | 16 | 32 {
  const { EIGHT, SIXTEEN, THIRTYTWO } = ps.constants.BitsPerChannelType;
  switch (document.bitsPerChannel) {
    case EIGHT:
      return 8;
    case SIXTEEN:
      return 16;
    case THIRTYTWO:
      return 32;
    default:
      throw new LWayError(
        'unsupported',
        'This document has one bit per pixel.',
        'Choose Image > Mode > Grayscale, then try again.',
      );
  }
}

/** What the selection covers of the canvas, null when nothing is selected. */
export function selectionOf(document: PsDocument): Rect | null {
  const { bounds } = document.selection;
  return bounds ? intersection(toRect(bounds), canvasOf(document)) : null;
}

export function describeDocument(ps: Pick<PhotoshopApi, 'app' | 'constants'>): DocumentSummary | null {
  const document = activeDocument(ps);
  if (!document) return null;
  const { width, height } = canvasOf(document);
  const layer = document.activeLayers.length === 1 ? document.activeLayers[0] : undefined;
  const oneBit = document.bitsPerChannel === ps.constants.BitsPerChannelType.ONE;
  return {
    id: String(document.id),
    name: document.name,
    width,
    height,
    bitDepth: oneBit ? 8 : bitDepthOf(ps, document),
    activeLayer: layer ? { id: String(layer.id), name: layer.name, bounds: toRect(layer.boundsNoEffects) } : null,
    selection: selectionOf(document),
  };
}

/** Longest side that the document may get and still be saved under its own name. */
export function maxSideOf(document: PsDocument): number {
  return /\.psd$/i.test(document.name) ? PSD_MAX_SIDE : PSB_MAX_SIDE;
}

/** A document as it was at one moment. */
export interface DocumentState {
  id: number;
  name: string;
  width: number;
  height: number;
  layerId: number;
  history: number;
}

export function stateOf(document: PsDocument, layerId: number): DocumentState {
  const { width, height } = canvasOf(document);
  return { id: document.id, name: document.name, width, height, layerId, history: document.activeHistoryState.id };
}

const advice =
  'Choose “new document” as the destination to keep the finished result, or undo the change and start again.';

/**
 * The document, if it still is as it was in this state.
 * @throws LWayError `document-changed`
 */
export function unchanged(ps: Pick<PhotoshopApi, 'app'>, state: DocumentState): PsDocument {
  const document = unedited(ps, state);
  if (findLayer(document.layers, state.layerId)) return document;
  throw changed(state, 'has lost the layer that was upscaled');
}

/** The same without looking for the layer: each look at a layer is a call into Photoshop, slow where there are hundreds. */
export function unedited(ps: Pick<PhotoshopApi, 'app'>, state: DocumentState): PsDocument {
  const document = findDocument(ps, state.id);
  if (!document) throw changed(state, 'has been closed');
  const { width, height } = canvasOf(document);
  if (width !== state.width || height !== state.height) throw changed(state, 'has been resized');
  if (document.activeHistoryState.id !== state.history) throw changed(state, 'has been edited');
  return document;
}

function changed({ name }: DocumentState, what: string): LWayError {
  return new LWayError('document-changed', `“${name}” ${what} meanwhile.`, advice);
}

import type { Depth, Mode } from './constants';
import type { Edges, Plane } from './plane';
import { blendOver, contentOf, indexOf, isEmpty, makePlane, union } from './plane';

export interface LayerState {
  id: number;
  name: string;
  kind: string;
  visible: boolean;
  opacity: number;
  blendMode: string;
  allLocked: boolean;
  background: boolean;
  /** Pixel layers: their pixels. Smart objects, text…: what rasterising would give. */
  plane: Plane | null;
  /** One component; what lies outside is shown. */
  mask: Plane | null;
  maskEnabled: boolean;
  maskDensity: number;
  maskFeather: number;
  /** What its path would be as pixels. */
  vectorMask: Plane | null;
  /** Adjustment layers: what they do to a value of 0..1. */
  adjust: ((value: number) => number) | null;
  children: LayerState[] | null;
}

export interface DocumentState {
  width: number;
  height: number;
  layers: LayerState[];
  active: number[];
  /** One component, 8 bit, the size of the canvas. */
  selection: Plane | null;
  channels: { name: string; plane: Plane }[];
}

export interface DocumentTraits {
  mode: Mode;
  depth: Depth;
  profile: string;
  resolution: number;
}

/** A copy that shares pixels until one of the two is written to. */
export function copyState(state: DocumentState): DocumentState {
  const freeze = <P extends Plane | null>(plane: P): P => {
    if (plane) plane.frozen = true;
    return plane;
  };
  const copyLayer = (layer: LayerState): LayerState => ({
    ...layer,
    plane: freeze(layer.plane),
    mask: freeze(layer.mask),
    vectorMask: freeze(layer.vectorMask),
    children: layer.children && layer.children.map(copyLayer),
  });
  return {
    ...state,
    layers: state.layers.map(copyLayer),
    active: [...state.active],
    selection: freeze(state.selection),
    channels: state.channels.map(({ name, plane }) => ({ name, plane: freeze(plane) })),
  };
}

export interface Place {
  layer: LayerState;
  siblings: LayerState[];
  parent: LayerState | null;
}

export function findPlace(layers: LayerState[], id: number, parent: LayerState | null = null): Place | null {
  for (const layer of layers) {
    if (layer.id === id) return { layer, siblings: layers, parent };
    const inside = layer.children && findPlace(layer.children, id, layer);
    if (inside) return inside;
  }
  return null;
}

/** Where a layer has pixels: its own, or its children's. */
export function boundsOf(layer: LayerState): Edges {
  const none = { left: 0, top: 0, right: 0, bottom: 0 };
  if (layer.children) return layer.children.map(boundsOf).reduce(union, none);
  return layer.plane ? contentOf(layer.plane, layer.plane) : none;
}

/** What the visible ones of `layers` (top first) look like inside `edges`. */
export function compositeOf(layers: LayerState[], edges: Edges, components: number, depth: Depth): Plane {
  const result = makePlane(edges, components, true, depth);
  for (const layer of [...layers].reverse()) {
    if (!layer.visible) continue;
    const mask = layer.mask && layer.maskEnabled ? (x: number, y: number) => maskAt(layer.mask!, x, y) : null;
    if (layer.children) {
      blendOver(result, compositeOf(layer.children, edges, components, depth), layer.opacity / 100, mask);
    } else if (layer.adjust) {
      for (let i = 0; i < result.data.length; i++) {
        if (i % components !== components - 1) result.data[i] = layer.adjust(result.data[i]!);
      }
    } else if (layer.plane) blendOver(result, layer.plane, layer.opacity / 100, mask);
  }
  return result;
}

export function maskAt(mask: Plane, x: number, y: number): number {
  const inside = x >= mask.left && x < mask.right && y >= mask.top && y < mask.bottom;
  return inside ? mask.data[indexOf(mask, x, y)]! / 255 : 1;
}

/** Bounds of what a one-component plane selects. */
export function selectedBounds(plane: Plane): Edges | null {
  const found = contentOf({ ...plane, alpha: true }, plane);
  return isEmpty(found) ? null : found;
}

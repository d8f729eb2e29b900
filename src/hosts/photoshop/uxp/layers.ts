import { LWayError } from '../../../engine';
import type { Descriptor, PhotoshopApi, PsDocument, PsLayer } from './photoshop-api';

/** How a layer's pixels can be had. */
export type LayerAccess =
  /** As they are. */
  | 'direct'
  /** From a copy that Photoshop rasterises: smart objects, text, shapes, fills, video. */
  | 'rasterized'
  /** From a copy merged into one layer: groups and artboards. */
  | 'merged'
  /** Adjustment layers have none of their own: what they and all below them look like. */
  | 'stamped';

export function accessOf(ps: Pick<PhotoshopApi, 'constants'>, layer: PsLayer): LayerAccess {
  const kinds = ps.constants.LayerKind;
  switch (layer.kind) {
    case kinds.NORMAL:
      return 'direct';
    case kinds.GROUP:
      return 'merged';
    case kinds.SMARTOBJECT:
    case kinds.TEXT:
    case kinds.SOLIDFILL:
    case kinds.GRADIENTFILL:
    case kinds.PATTERNFILL:
    case kinds.VIDEO:
    case kinds.LAYER3D:
      return 'rasterized';
    default:
      return 'stamped';
  }
}

/**
 * The one layer that is active.
 * @throws LWayError `unsupported`
 */
export function activeLayer(document: PsDocument): PsLayer {
  const [layer, ...more] = [...document.activeLayers];
  if (!layer) {
    throw new LWayError('unsupported', 'No layer is selected.', 'Click a layer in the Layers panel, then try again.');
  }
  if (more.length > 0) {
    throw new LWayError(
      'unsupported',
      `${more.length + 1} layers are selected.`,
      'Select one layer, or group them and select the group.',
    );
  }
  return layer;
}

export interface LayerMasks {
  user: boolean;
  userIsOff: boolean;
  vector: boolean;
  /** 0..1 */
  userDensity: number;
  vectorDensity: number;
  /** In pixels of the document. */
  userFeather: number;
}

/** Which masks of a layer are there and switched on, and whether there is one that is switched off. */
export async function masksOf(
  ps: Pick<PhotoshopApi, 'action'>,
  documentID: number,
  layer: PsLayer,
): Promise<LayerMasks> {
  const [found] = await ps.action.batchPlay([{ _obj: 'get', _target: target(documentID, layer.id) }], {});
  return {
    user: found?.hasUserMask === true && found.userMaskEnabled !== false,
    userIsOff: found?.hasUserMask === true && found.userMaskEnabled === false,
    vector: found?.hasVectorMask === true && found.vectorMaskEnabled !== false,
    userDensity: density(found?.userMaskDensity),
    vectorDensity: density(found?.vectorMaskDensity),
    userFeather: amount(found?.userMaskFeather) ?? 0,
  };
}

/** Makes a layer the active one. */
export async function selectLayer(
  ps: Pick<PhotoshopApi, 'action'>,
  documentID: number,
  layerID: number,
): Promise<void> {
  await ps.action.batchPlay([selecting(documentID, layerID)], {});
}

/** Gives a layer a mask that hides or shows all of it, and makes it the active one. */
export async function addMask(
  ps: Pick<PhotoshopApi, 'action'>,
  documentID: number,
  layerID: number,
  shows: 'hideAll' | 'revealAll',
): Promise<void> {
  await ps.action.batchPlay(
    [
      selecting(documentID, layerID),
      {
        _obj: 'make',
        new: { _class: 'channel' },
        at: { _ref: 'channel', _enum: 'channel', _value: 'mask' },
        using: { _enum: 'userMaskEnabled', _value: shows },
      },
    ],
    {},
  );
}

const selecting = (documentID: number, layerID: number): Descriptor => ({
  _obj: 'select',
  _target: target(documentID, layerID),
  makeVisible: false,
});

function target(documentID: number, layerID: number): Descriptor[] {
  return [
    { _ref: 'layer', _id: layerID },
    { _ref: 'document', _id: documentID },
  ] as unknown as Descriptor[];
}

/** Photoshop gives 0..255, or per cent with a unit. */
function density(value: unknown): number {
  if (typeof value === 'object' && value !== null) return (amount(value) ?? 100) / 100;
  return typeof value === 'number' ? value / 255 : 1;
}

function amount(value: unknown): number | undefined {
  const number = typeof value === 'object' && value !== null ? (value as { _value?: unknown })._value : value;
  return typeof number === 'number' ? number : undefined;
}

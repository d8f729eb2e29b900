import { LWayError, type Rect } from '../../../engine';
import { factorOf } from '../../shared/enlarging';
import { STEP_NAME, type CommitParams, type PixelHeader } from '../protocol';
import { canvasOf, findLayer, unchanged } from './documents';
import { addMask, masksOf, selectLayer } from './layers';
import { cutOut, scaleMask, uniformMask, type Mask } from './mask';
import { suspended, type ModalGate, type Scope } from './modal';
import { readMask, type Target } from './open';
import type { ImageData, PhotoshopApi, PsDocument, PsLayer } from './photoshop-api';
import { samplesOf } from './samples';
import type { Spool } from './spool';

/** Name of the channel that keeps the selection while the document is enlarged. */
const KEPT_SELECTION = 'LWay selection';
/** Rows of a mask that are scaled and written at once: about 8 MB. */
const MASK_BYTES = 8 << 20;

/** What is to be written, and within which modal scope. */
interface Job {
  ps: PhotoshopApi;
  scope: Scope;
  target: Target;
  stage: Spool;
  params: CommitParams;
  report(done: number): void;
}

/**
 * Writes the staged pieces as a new layer: one modal scope, one history state, all or nothing.
 *
 * @throws LWayError `document-changed` where the document is not as it was when its pixels were read
 */
export async function commitResult(
  ps: PhotoshopApi,
  gate: ModalGate,
  signal: AbortSignal,
  target: Target,
  stage: Spool,
  params: CommitParams,
  onProgress: (done: number) => void,
): Promise<void> {
  if (params.destination === 'layer') unchanged(ps, target.state);
  await gate.run(signal, STEP_NAME, false, async (scope) => {
    const report = (done: number) => {
      if (!gate.isPlaying) scope.context.reportProgress({ value: done, commandName: STEP_NAME });
      onProgress(done);
    };
    const job: Job = { ps, scope, target, stage, params, report };
    if (params.destination === 'layer') await intoDocument(job);
    else await intoNewDocument(job);
  });
}

/** {@link suspended} for what a person sees as one step of LWay's. */
function inOneStep(
  scope: Scope,
  document: PsDocument,
  work: () => Promise<void>,
  undo: () => Promise<void>,
): Promise<void> {
  return suspended(scope.context, document.id, STEP_NAME, true, work, undo);
}

async function intoDocument(job: Job): Promise<void> {
  const { ps, scope, target, params } = job;
  const document = unchanged(ps, target.state);
  // The person may be looking at another one by now, and not every command takes a document's id.
  ps.app.activeDocument = document;
  const { bounds } = target.info;
  const { x: sx, y: sy } = factorOf(bounds, params);
  const canvas = canvasOf(document);
  let added: number | undefined;
  await inOneStep(
    scope,
    document,
    async () => {
      const width = Math.max(1, Math.round(canvas.width * sx));
      const height = Math.max(1, Math.round(canvas.height * sy));
      await keepingSelection(
        scope,
        document,
        () => document.resizeImage(width, height),
        async () => {
          scope.check();
          const original = findLayer(document.layers, target.state.layerId);
          if (!original) throw new LWayError('internal', 'The layer was lost.', 'Start the upscale again.');
          const layer = await newLayer(document, params.layerName);
          added = layer.id;
          scope.check();
          layer.move(original, ps.constants.ElementPlacement.PLACEBEFORE);
          const left = Math.round(bounds.x * sx);
          const top = Math.round(bounds.y * sy);
          await writeAll(job, document.id, layer, left, top);
          if (takeOverAppearance(ps, layer, original)) {
            if (target.whole) original.visible = false;
            else await cutHole(job, document.id, original, left, top);
            await selectLayer(ps, document.id, layer.id);
          }
        },
      );
    },
    async () => {
      // A playing action owns the history: Photoshop's own undo takes back the enlarging, this the rest.
      const layer = added === undefined ? null : findLayer(document.layers, added);
      layer?.delete();
    },
  );
}

async function intoNewDocument(job: Job): Promise<void> {
  const { ps, scope, target, params } = job;
  const { hostControl } = scope.context;
  const document = await createDocument(ps, target, params);
  // Closed again by Photoshop unless all goes well.
  await hostControl.registerAutoCloseDocument(document.id);
  scope.check();
  await inOneStep(
    scope,
    document,
    async () => {
      const layer = document.layers[0] ?? (await newLayer(document, params.layerName));
      layer.name = params.layerName;
      await writeAll(job, document.id, layer, 0, 0);
    },
    async () => undefined,
  );
  scope.check();
  await hostControl.unregisterAutoCloseDocument(document.id);
}

async function createDocument(ps: PhotoshopApi, target: Target, params: CommitParams): Promise<PsDocument> {
  const { NewDocumentMode, DocumentFill } = ps.constants;
  const options = {
    name: params.layerName,
    width: params.width,
    height: params.height,
    resolution: target.info.resolution,
    mode: target.gray ? NewDocumentMode.GRAYSCALE : NewDocumentMode.RGB,
    depth: target.info.bitDepth,
    fill: DocumentFill.TRANSPARENT,
  };
  const document = await ps.app.createDocument(target.profile ? { ...options, profile: target.profile } : options);
  if (!document) {
    throw new LWayError(
      'internal',
      'Photoshop did not create a new document.',
      'Free some disk space (Photoshop’s scratch disk), or choose a smaller scale.',
    );
  }
  return document;
}

async function newLayer(document: PsDocument, name: string): Promise<PsLayer> {
  const layer = await document.createPixelLayer({ name });
  if (!layer) {
    throw new LWayError(
      'unsupported',
      'Photoshop did not create a new layer here.',
      'Unlock the group that the layer is in, or choose “new document” as the destination.',
    );
  }
  return layer;
}

/**
 * Photoshop does not say what becomes of a live selection when the document is enlarged, nor whether it confines what is
 * written: it waits in a channel, which is enlarged with the rest, and comes back at the end.
 */
async function keepingSelection(
  scope: Scope,
  document: PsDocument,
  resize: () => Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  const selected = document.selection.bounds !== null;
  if (selected) {
    await document.selection.save(KEPT_SELECTION);
    await document.selection.deselect();
  }
  scope.check();
  await resize();
  await work();
  if (!selected) return;
  const channel = [...document.channels].find(({ name }) => name === KEPT_SELECTION);
  if (!channel) return;
  await document.selection.load(channel);
  await channel.remove();
}

/** Pixels and mask, with their corner at `left`, `top` of the document. */
async function writeAll(job: Job, documentID: number, layer: PsLayer, left: number, top: number): Promise<void> {
  const { mask } = job.target;
  const share = mask ? 0.8 : 1;
  await writePixels(job, documentID, layer, left, top, share);
  // A cancel while the last piece was written counts, too.
  job.scope.check();
  if (mask) await writeMask(job, mask, documentID, layer, left, top, share);
}

async function writePixels(
  { ps, scope, target, stage, report }: Job,
  documentID: number,
  layer: PsLayer,
  left: number,
  top: number,
  share: number,
): Promise<void> {
  const place = { documentID, layerID: layer.id };
  const { keys } = stage;
  let first = true;
  for (const [index, key] of keys.entries()) {
    scope.check();
    const piece = await stage.get(key);
    if (piece && piece.bytes.length > 0) {
      const { rect } = piece.header;
      const imageData = await imageDataOf(ps, piece.header, piece.bytes, target.profile);
      try {
        const targetBounds = { left: left + rect.x, top: top + rect.y };
        // `replace` discards what the layer holds: right once, never again.
        await ps.imaging.putPixels({ ...place, imageData, replace: first, targetBounds, commandName: STEP_NAME });
        first = false;
      } finally {
        await imageData.dispose();
      }
    }
    report((share * (index + 1)) / keys.length);
  }
}

async function writeMask(
  job: Job,
  mask: Mask,
  documentID: number,
  layer: PsLayer,
  left: number,
  top: number,
  share: number,
): Promise<void> {
  const { ps, scope, target, params, report } = job;
  await addMask(ps, documentID, layer.id, 'hideAll');
  await putMask(job, documentID, layer.id, left, top, async (rect) => {
    scope.check();
    report(share + ((1 - share) * rect.y) / params.height);
    return scaleMask(mask, params.width, params.height, rect);
  });
  report(1);
  if (target.maskFeather > 0) layer.layerMaskFeather = (target.maskFeather * params.width) / target.info.bounds.width;
}

/** Writes as much of a layer's mask as the result covers, some rows at a time. @param read those of a part of the result */
async function putMask(
  { ps, params: { width, height } }: Job,
  documentID: number,
  layerID: number,
  left: number,
  top: number,
  read: (rect: Rect) => Promise<Uint8Array>,
): Promise<void> {
  const rows = Math.max(1, Math.floor(MASK_BYTES / width));
  for (let y = 0; y < height; y += rows) {
    const rect: Rect = { x: 0, y, width, height: Math.min(rows, height - y) };
    const imageData = await ps.imaging.createImageDataFromBuffer(await read(rect), {
      width,
      height: rect.height,
      components: 1,
      chunky: true,
      colorSpace: 'Grayscale',
      colorProfile: 'Gray Gamma 2.2',
    });
    try {
      const targetBounds = { left, top: top + y };
      await ps.imaging.putLayerMask({
        documentID,
        layerID,
        imageData,
        replace: false,
        targetBounds,
        commandName: STEP_NAME,
      });
    } finally {
      await imageData.dispose();
    }
  }
}

/**
 * Hides what the new layer replaces behind the original's mask; what lies beside it stays. The last that is done: it is not
 * cancelled half way. A mask that is switched off is left as it is, as GIMP's is.
 */
async function cutHole(job: Job, documentID: number, original: PsLayer, left: number, top: number): Promise<void> {
  const { ps, target, params } = job;
  const masks = await masksOf(ps, documentID, original);
  if (masks.userIsOff) return;
  const locked = original.allLocked;
  if (locked) original.allLocked = false;
  if (!masks.user) await addMask(ps, documentID, original.id, 'revealAll');
  await putMask(job, documentID, original.id, left, top, async (rect) => {
    const place = { ...rect, x: left, y: top + rect.y };
    const before = masks.user
      ? await readMask(ps, documentID, original.id, 'user', place)
      : uniformMask(rect.width, rect.height, 255);
    const { selection } = target;
    return cutOut(before, selection && scaleMask(selection, params.width, params.height, rect)).data;
  });
  if (locked) original.allLocked = true;
}

function imageDataOf(
  ps: PhotoshopApi,
  { rect, channels, type }: PixelHeader,
  bytes: Uint8Array,
  profile: string,
): Promise<ImageData> {
  return ps.imaging.createImageDataFromBuffer(samplesOf(type, bytes), {
    width: rect.width,
    height: rect.height,
    components: channels,
    chunky: true,
    fullRange: false,
    colorSpace: channels < 3 ? 'Grayscale' : 'RGB',
    ...(profile ? { colorProfile: profile } : {}),
  });
}

/** A layer that is blended is replaced, not doubled: the new one blends like it. @returns whether it is blended */
function takeOverAppearance(ps: PhotoshopApi, layer: PsLayer, original: PsLayer): boolean {
  const { NORMAL, PASSTHROUGH } = ps.constants.BlendMode;
  const plainMode = original.blendMode === NORMAL || original.blendMode === PASSTHROUGH;
  if (plainMode && original.opacity >= 100) return false;
  layer.opacity = original.opacity;
  if (!plainMode) layer.blendMode = original.blendMode;
  return true;
}

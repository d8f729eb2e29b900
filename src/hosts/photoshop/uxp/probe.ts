import { abortError } from '../bridge/bridge';
import { findLayer } from './documents';
import { addMask } from './layers';
import type { ModalGate, Scope } from './modal';
import type { ProbeLine } from '../protocol';
import type { PhotoshopApi, PsDocument } from './photoshop-api';

/**
 * Tries out, on a small document of its own, what no reference states and we rely on. The document is closed again.
 */
export async function probePhotoshop(
  ps: PhotoshopApi,
  gate: ModalGate,
  signal: AbortSignal,
  ping: () => Promise<unknown>,
): Promise<ProbeLine[]> {
  const lines: ProbeLine[] = [];
  await gate.run(signal, 'LWay diagnostics', false, async (scope) => {
    const began = Date.now();
    const answered = await ping().then(
      () => true,
      () => false,
    );
    const found = answered ? `answered after ${Date.now() - began} ms` : 'no answer';
    lines.push({ id: 'messages-while-modal', ok: answered, found });
    lines.push({ id: 'rgb-into-lab', ...(await intoLab(ps, scope).catch(failed)) });
    for (const depth of [8, 16, 32] as const) {
      const document = await ps.app.createDocument({
        name: `LWay diagnostics ${depth}`,
        width: 64,
        height: 48,
        resolution: 72,
        mode: ps.constants.NewDocumentMode.RGB,
        depth,
        fill: ps.constants.DocumentFill.TRANSPARENT,
      });
      if (!document) throw abortError('Photoshop did not create a document.');
      await scope.context.hostControl.registerAutoCloseDocument(document.id);
      for (const [id, probe] of Object.entries(depth === 8 ? { ...roundTrips, ...once } : roundTrips)) {
        scope.check();
        const name = `${id}-${depth}`;
        try {
          lines.push({ id: name, ...(await probe(ps, scope, document, depth)) });
        } catch (error) {
          scope.check();
          lines.push({ id: name, ...failed(error) });
        }
      }
    }
  });
  return lines;
}

function failed(error: unknown) {
  return { ok: false, found: String(error) };
}

/** RGB pixels handed to a Lab document are converted, and back. */
async function intoLab(ps: PhotoshopApi, scope: Scope) {
  const document = await ps.app.createDocument({
    name: 'LWay diagnostics Lab',
    width: 8,
    height: 8,
    resolution: 72,
    mode: ps.constants.NewDocumentMode.LAB,
    depth: 8,
    fill: ps.constants.DocumentFill.TRANSPARENT,
  });
  if (!document) throw new Error('Photoshop did not create a document.');
  await scope.context.hostControl.registerAutoCloseDocument(document.id);
  const place = { documentID: document.id, layerID: document.layers[0]!.id };
  const colour = { colorSpace: 'RGB', colorProfile: 'Adobe RGB (1998)' };
  const options = { width: 1, height: 1, components: 4, chunky: true, ...colour };
  const imageData = await ps.imaging.createImageDataFromBuffer(new Uint8Array([200, 60, 90, 255]), options);
  await ps.imaging.putPixels({ ...place, imageData, replace: true, targetBounds: { left: 0, top: 0 } });
  await imageData.dispose();
  const answer = await ps.imaging.getPixels({ ...place, ...colour });
  const data = [...(await answer.imageData.getData({}))];
  await answer.imageData.dispose();
  return { ok: [200, 60, 90].every((value, i) => Math.abs(value - data[i]!) <= 4), found: String(data) };
}

type Probe = (
  ps: PhotoshopApi,
  scope: Scope,
  document: PsDocument,
  depth: 8 | 16 | 32,
) => Promise<{ ok: boolean; found: string }>;

/** White, and values that a round trip must bring back unchanged. */
const values = { 8: [255, 0, 1, 127, 254], 16: [32768, 0, 1, 16384, 32767], 32: [1, 0, 0.25, 1.5, -0.5] } as const;
const arrays = { 8: Uint8Array, 16: Uint16Array, 32: Float32Array } as const;

async function put(
  ps: PhotoshopApi,
  document: PsDocument,
  left: number,
  pixels: number[][],
  depth: 8 | 16 | 32,
  replace: boolean,
) {
  const components = pixels[0]!.length;
  const imageData = await ps.imaging.createImageDataFromBuffer(new arrays[depth](pixels.flat()), {
    width: pixels.length,
    height: 1,
    components,
    chunky: true,
    fullRange: false,
    colorSpace: 'RGB',
  });
  const layerID = document.layers[0]!.id;
  await ps.imaging.putPixels({ documentID: document.id, layerID, imageData, replace, targetBounds: { left, top: 0 } });
  await imageData.dispose();
}

async function get(ps: PhotoshopApi, document: PsDocument, left: number, width: number) {
  const answer = await ps.imaging.getPixels({
    documentID: document.id,
    layerID: document.layers[0]!.id,
    sourceBounds: { left, top: 0, right: left + width, bottom: 1 },
  });
  const data = [...(await answer.imageData.getData({ chunky: true }))];
  const { components } = answer.imageData;
  await answer.imageData.dispose();
  return { data, components, bounds: answer.sourceBounds };
}

const roundTrips: Record<string, Probe> = {
  async 'pixels-round-trip'(ps, _scope, document, depth) {
    const [white, ...rest] = values[depth];
    const written = rest.map((value) => [value, value, value, white]);
    await put(ps, document, 4, written, depth, true);
    const { data } = await get(ps, document, 4, rest.length);
    return { ok: String(data) === String(written.flat()), found: `${written.flat()} → ${data}` };
  },
  async 'put-adds-beside'(ps, _scope, document, depth) {
    const white = values[depth][0];
    const half = depth === 32 ? 0.5 : Math.floor(white / 2);
    await put(ps, document, 0, [[white, 0, 0, white]], depth, true);
    await put(ps, document, 1, [[0, white, 0, half]], depth, false);
    const { data } = await get(ps, document, 0, 2);
    return { ok: String(data) === String([white, 0, 0, white, 0, white, 0, half]), found: String(data) };
  },
};

const once: Record<string, Probe> = {
  async 'bounds-are-trimmed'(ps, _scope, document) {
    await put(ps, document, 10, [[1, 2, 3, 255]], 8, true);
    const { bounds, components } = await get(ps, document, 0, 40);
    return {
      ok: bounds.left === 10 && bounds.right === 11,
      found: `${bounds.left}..${bounds.right}, ${components} components`,
    };
  },
  async 'blank-area'(ps, _scope, document) {
    await put(ps, document, 10, [[1, 2, 3, 255]], 8, true);
    const found = await get(ps, document, 30, 5).then(
      ({ data }) => `${data.length} values`,
      (error: unknown) => `throws ${String(error)}`,
    );
    return { ok: true, found };
  },
  async 'opaque-rgb-into-layer'(ps, _scope, document) {
    await put(ps, document, 2, [[9, 8, 7]], 8, true);
    const { data } = await get(ps, document, 2, 1);
    return { ok: data.slice(0, 3).join() === '9,8,7' && (data[3] ?? 255) === 255, found: String(data) };
  },
  async 'beyond-the-canvas'(ps, _scope, document) {
    await put(ps, document, -3, [[1, 2, 3, 255]], 8, true);
    const { bounds, data } = await get(ps, document, -3, 1);
    return { ok: bounds.left === -3 && String(data.slice(0, 3)) === '1,2,3', found: `at ${bounds.left}: ${data}` };
  },
  async 'hidden-layer'(ps, _scope, document) {
    await put(ps, document, 2, [[7, 8, 9, 255]], 8, true);
    const layer = document.layers[0]!;
    layer.visible = false;
    const { data } = await get(ps, document, 2, 1);
    layer.visible = true;
    return { ok: String(data.slice(0, 3)) === '7,8,9', found: String(data) };
  },
  async 'mask-is-written'(ps, _scope, document) {
    const layer = document.layers[0]!;
    await addMask(ps, document.id, layer.id, 'hideAll');
    const imageData = await ps.imaging.createImageDataFromBuffer(new Uint8Array([0, 128, 255]), {
      width: 3,
      height: 1,
      components: 1,
      chunky: true,
      colorSpace: 'Grayscale',
      colorProfile: 'Gray Gamma 2.2',
    });
    const place = { documentID: document.id, layerID: layer.id };
    const { data: masked } = await get(ps, document, 2, 1);
    await ps.imaging.putLayerMask({ ...place, imageData, replace: false, targetBounds: { left: 5, top: 0 } });
    await imageData.dispose();
    const answer = await ps.imaging.getLayerMask({ ...place, sourceBounds: { left: 4, top: 0, right: 9, bottom: 1 } });
    const data = [...(await answer.imageData.getData({}))];
    await answer.imageData.dispose();
    const { left, right } = answer.sourceBounds;
    const written = ['0,0,128,255,0', '0,128,255'].includes(String(data));
    // A layer's own pixels are read as if it had no mask.
    return { ok: written && masked[0] === 7, found: `${left}..${right}: ${data}; pixels under it ${masked}` };
  },
  async 'selection-survives-in-channel'(_ps, _scope, document) {
    await document.selection.selectRectangle({ left: 8, top: 8, right: 24, bottom: 16 });
    await document.selection.save('LWay diagnostics');
    await document.selection.deselect();
    await document.resizeImage(128, 96);
    const channel = [...document.channels].find(({ name }) => name === 'LWay diagnostics');
    if (channel) await document.selection.load(channel);
    const bounds = document.selection.bounds;
    const found = bounds ? [bounds.left, bounds.top, bounds.right, bounds.bottom].join() : 'none';
    return { ok: found === '16,16,48,32', found };
  },
  async 'rolled-back-history'(_ps, scope, document) {
    const before = document.activeHistoryState.id;
    const { hostControl } = scope.context;
    const suspension = await hostControl.suspendHistory({ documentID: document.id, name: 'LWay diagnostics' });
    const copy = await document.layers[0]!.duplicate();
    await hostControl.resumeHistory(suspension, false);
    const left = copy ? findLayer(document.layers, copy.id) : null;
    const same = document.activeHistoryState.id === before;
    return { ok: same && !left, found: `${same ? 'same' : 'another'} state, copy ${left ? 'still there' : 'gone'}` };
  },
};

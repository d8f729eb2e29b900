// Runs in Chromium (bench/bridge.ts): both sides of the plugin, joined by the double's JSON channel.
import { encodeBase64 } from '../src/hosts/photoshop/bridge/base64';
import type { OpenedTarget } from '../src/hosts/host';
import { Bridge } from '../src/hosts/photoshop/bridge/bridge';
import type { PhotoshopMethods } from '../src/hosts/photoshop/protocol';
import { PhotoshopHost } from '../src/hosts/photoshop/photoshop-host';
import { ModalGate } from '../src/hosts/photoshop/uxp/modal';
import { PageServer } from '../src/hosts/photoshop/uxp/server';
import { createRaster } from '../src/engine/raster/planes';
import type { PictureInfo } from '../src/engine/raster/raster';
import { SpillingTileStore } from '../src/engine/raster/store/tile-store';
import { FakePhotoshop } from '../tests/doubles/photoshop/photoshop';
import { FakeWebView } from '../tests/doubles/photoshop/webview';

const never = new AbortController().signal;
const ROUNDS = 5;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

async function seconds(work: () => unknown): Promise<number> {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}

/** Photoshop's JavaScript may have no base64 of its own. */
function withoutNativeBase64(): void {
  const bytes = Uint8Array as unknown as { fromBase64?: unknown; prototype: { toBase64?: unknown } };
  delete bytes.fromBase64;
  delete bytes.prototype.toBase64;
}

/** Raw megabytes there, one way; against a bare JSON copy of the same base64, and of the same bytes as UXP would copy them. */
export async function throughput(native: boolean, megabytes: number) {
  if (!native) withoutNativeBase64();
  const webView = new FakeWebView();
  const host = new Bridge(webView.host, { role: 'host' });
  const page = new Bridge(webView.page(), { role: 'page' });
  const bytes = new Uint8Array(megabytes * 1e6).map((_, i) => (i * 2654435761) >>> 24);
  host.handle('take', () => undefined);
  page.handle('take', () => undefined);
  await host.whenConnected(never);
  await page.request(never, 'take', null, { bytes });
  const toHost: number[] = [];
  const toPage: number[] = [];
  const copy: number[] = [];
  const text = encodeBase64(bytes);
  for (let round = 0; round < ROUNDS; round++) {
    toHost.push(await seconds(() => page.request(never, 'take', null, { bytes })));
    toPage.push(await seconds(() => host.request(never, 'take', null, { bytes })));
    copy.push(await seconds(() => JSON.parse(JSON.stringify({ text }))));
  }
  // As an object of numbers, the way a typed array passes: a tenth, for it takes long.
  const part = bytes.subarray(0, bytes.length / 10);
  const asObject = 10 * (await seconds(() => JSON.parse(JSON.stringify({ part }))));
  host.close();
  page.close();
  return { toHost: median(toHost), toPage: median(toPage), copy: median(copy), asObject };
}

/**
 * A whole upscale ×4 of an opaque layer with a network that takes `perMegapixel` seconds for a megapixel of the result
 * without using this thread, as a GPU does: how long it takes beyond that.
 */
export async function overlap(native: boolean, side: number, perMegapixel: number) {
  if (!native) withoutNativeBase64();
  const tile = 256;
  const ps = new FakePhotoshop();
  ps.openDocument({ width: side, height: side, pixel: (x, y) => [(x & 255) / 255, (y & 255) / 255, 0.5, 1] });
  const webView = new FakeWebView();
  const bridge = new Bridge<PhotoshopMethods>(webView.host, { role: 'host' });
  const none = () => Promise.reject(new Error('no files here'));
  new PageServer(
    {
      ps: ps.api,
      gate: new ModalGate(ps.api),
      files: { write: none, read: none, remove: none },
      confirm: () => false,
      settings: { get: () => null, set: () => undefined },
      facts: { photoshop: '', uxp: '', system: '', plugin: '' },
    },
    bridge,
  );
  // Photoshop's own time is not ours, still less the double's.
  ps.imaging.putPixels = async () => undefined;
  const page = new Bridge<PhotoshopMethods>(webView.page(), { role: 'page' });
  const host = new PhotoshopHost(page, () => ({}));
  const memory = 1 << 30;
  const info: PictureInfo = { width: side, height: side, channels: 4, bitDepth: 8, encoding: 'display' };

  const upscale = async (compute: number, target: OpenedTarget | null) => {
    const local = new SpillingTileStore({ memory, openSpill: none as never });
    const store = target ? host.stage(local) : local;
    const { signal } = new AbortController();
    await store.begin(signal, { ...info, width: 4 * side, height: 4 * side });
    for (let y = 0; y < side; y += tile) {
      for (let x = 0; x < side; x += tile) {
        const rect = { x, y, width: Math.min(tile, side - x), height: Math.min(tile, side - y) };
        const lr = target ? await target.source.read(signal, rect) : createRaster(rect.width, rect.height, 4);
        const sr = createRaster(4 * lr.width, 4 * lr.height, 4);
        sr.data.fill(1, 3 * sr.width * sr.height);
        if (compute > 0) await new Promise((r) => setTimeout(r, (compute * 1000 * sr.width * sr.height) / 1e6));
        await store.write(signal, 4 * x, 4 * y, sr);
      }
    }
    await store.end(signal);
    if (target) await target.commit(signal, { destination: 'document', result: store, layerName: 'SR' });
    await store.dispose();
    ps.documents.length = 1;
    ps.active = ps.documents[0]!;
  };
  const inPhotoshop = async (compute: number) => {
    const target = await host.open(never, 'layer');
    await upscale(compute, target);
    await target.close();
  };
  const megapixels = (16 * side * side) / 1e6;
  await inPhotoshop(0);
  // What the host adds to the same work without one: nothing else to do, and while a network computes.
  const transfer = (await seconds(() => inPhotoshop(0))) - (await seconds(() => upscale(0, null)));
  const added = (await seconds(() => inPhotoshop(perMegapixel))) - (await seconds(() => upscale(perMegapixel, null)));
  bridge.close();
  page.close();
  return { megapixels, transfer, added };
}

Object.assign(globalThis, { bridgeBench: { throughput, overlap } });

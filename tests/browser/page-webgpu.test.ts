import type { Browser } from 'playwright-core';
import type { UpscaleOptions } from '../../src/engine/contract';
import type { Network } from '../../src/engine/network/registry';
import type { Raster } from '../../src/engine/raster/raster';
import type { Panel } from '../../src/panel/elements/panel';
import { tinyModel } from '../engine/upscaling/tiny-networks';
import { EditorPage, launch, serveBuiltPage, type Served } from './support/editor-page';

let server: Served;
let browser: Browser;

beforeAll(async () => {
  server = await serveBuiltPage();
  browser = await launch(
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    '--enable-features=Vulkan',
    '--use-vulkan=swiftshader',
  );
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test('the page’s engine gives on WebGPU what it gives on WASM, and says where it ran', async () => {
  const editor = await EditorPage.open(browser, server.url);
  const { entry, bytes } = await tinyModel();
  const run = (device: 'webgpu' | 'wasm') =>
    editor.page.evaluate(
      async ({ device, entry, bytes }) => {
        const { services } = document.querySelector('lway-panel') as Panel;
        const { signal } = new AbortController();
        const [width, height] = [20, 14];
        const info = { width, height, channels: 3, bitDepth: 16, encoding: 'display' } as const;
        const data = Float32Array.from({ length: width * height * 3 }, (_, i) => 0.5 + 0.4 * Math.sin(i / 5));
        const source = {
          info,
          read: async (_: AbortSignal, rect: { x: number; y: number; width: number; height: number }) => {
            const out: Raster = { ...rect, channels: 3, data: new Float32Array(rect.width * rect.height * 3) };
            for (let c = 0, o = 0; c < 3; c++) {
              for (let y = rect.y; y < rect.y + rect.height; y++) {
                for (let x = rect.x; x < rect.x + rect.width; x++) out.data[o++] = data[(c * height + y) * width + x]!;
              }
            }
            return out;
          },
        };
        const store = services.createStore();
        const network: Network = { entry, bytes: Uint8Array.from(bytes) };
        const options: UpscaleOptions = { network, size: { scale: 2 }, device, tile: 32 };
        const report = await services.engine.upscale(signal, source, store, options);
        const result = await store.read(signal, { x: 0, y: 0, width: 40, height: 28 });
        await store.dispose();
        return { device: report.device, name: report.deviceName, values: [...result.data] };
      },
      { device, entry, bytes: [...bytes] },
    );
  const wasm = await run('wasm');
  const gpu = await run('webgpu');
  expect(wasm.device).toBe('wasm');
  expect(gpu.device).toBe('webgpu');
  expect(gpu.name).toMatch(/SwiftShader/i);
  let worst = 0;
  wasm.values.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - gpu.values[i]!))));
  expect(worst).toBeLessThan(1e-3);
  expect(Math.max(...wasm.values) - Math.min(...wasm.values)).toBeGreaterThan(0.5);
  expect(editor.strangers).toEqual([]);
  await editor.close();
});

import { type LoadOrtFiles, LWayError } from '../engine';
import type { AssetLoader } from './assets';

/** Files beside a page that came over HTTP, from its own origin only. */
export class HttpAssetLoader implements AssetLoader {
  constructor(private readonly base: string = document.baseURI) {}

  async load(signal: AbortSignal, name: string): Promise<Uint8Array> {
    let response: Response;
    try {
      response = await fetch(new URL(name, this.base), { signal, credentials: 'omit' });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new LWayError(
        'missing-model',
        `The file ${name} could not be loaded.`,
        'Check that the program that serves this page is still running, then try again.',
        { cause: error },
      );
    }
    if (!response.ok) {
      throw new LWayError('missing-model', `The file ${name} is missing.`, 'Reinstall or rebuild LWay.');
    }
    return new Uint8Array(await response.arrayBuffer());
  }
}

/** ONNX Runtime's files in `ort/` beside the page: by address, since only so it can start threads. */
export function ortFilesBeside(base: string): LoadOrtFiles {
  return async (build) => {
    const name = build === 'webgpu' ? 'ort-wasm-simd-threaded.asyncify' : 'ort-wasm-simd-threaded';
    const address = (type: string) => new URL(`ort/${name}.${type}`, base).href;
    return { wasm: address('wasm'), mjs: address('mjs') };
  };
}

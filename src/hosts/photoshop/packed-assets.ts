import { LWayError } from '../../engine';
import { decodeBase64 } from './bridge/base64';

/** Called by each packed file: `lwayAsset(name, base64)`, where the base64 is of gzip. */
type Receive = (name: string, base64: string) => void;

/**
 * The files that the page was delivered with, where it can fetch nothing (facts: a WebView's local page has a `file://`
 * origin). Each is a classic script of its own, `packed/NAME.js`, that hands its content over, compressed, as base64.
 */
export class PackedAssets {
  private readonly arrived = new Map<string, string>();
  private readonly loading = new Map<string, Promise<Uint8Array>>();

  constructor(private readonly document: Document) {
    const receive: Receive = (name, base64) => this.arrived.set(name, base64);
    Object.assign(globalThis, { lwayAsset: receive });
  }

  /** @throws LWayError `missing-model` where the file is not there */
  async load(signal: AbortSignal, name: string): Promise<Uint8Array> {
    signal.throwIfAborted();
    let loading = this.loading.get(name);
    if (!loading) {
      // Decoded once for all who wait at the same time; not kept: whoever needs a file again loads it again.
      loading = this.fetch(name).finally(() => this.loading.delete(name));
      this.loading.set(name, loading);
    }
    const bytes = await loading;
    signal.throwIfAborted();
    return bytes;
  }

  private async fetch(name: string): Promise<Uint8Array> {
    try {
      return await gunzip(decodeBase64(await this.run(name)));
    } catch (cause) {
      throw new LWayError('missing-model', `The file ${name} is missing or damaged.`, 'Install LWay again.', { cause });
    }
  }

  /** Runs a packed file and gives the text that it hands over. */
  private run(name: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const script = this.document.createElement('script');
      script.onerror = () => {
        script.remove();
        reject(new Error('The script could not be loaded.'));
      };
      script.onload = () => {
        script.remove();
        const base64 = this.arrived.get(name);
        this.arrived.delete(name);
        if (base64 === undefined) reject(new Error('The script handed nothing over.'));
        else resolve(base64);
      };
      script.src = `packed/${name}.js`;
      this.document.head.append(script);
    });
  }
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

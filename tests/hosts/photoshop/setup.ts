import { Bridge, type BridgeOptions } from '../../../src/hosts/photoshop/bridge/bridge';
import type { PhotoshopMethods } from '../../../src/hosts/photoshop/protocol';
import { PhotoshopHost } from '../../../src/hosts/photoshop/photoshop-host';
import { ModalGate } from '../../../src/hosts/photoshop/uxp/modal';
import type { TemporaryFiles } from '../../../src/hosts/photoshop/uxp/photoshop-api';
import { PageServer } from '../../../src/hosts/photoshop/uxp/server';
import { FakePhotoshop } from '../../doubles/photoshop/photoshop';
import { FakeWebView, type WebViewOptions } from '../../doubles/photoshop/webview';

/** The plugin's temporary folder, as far as a test looks into it. */
export class FakeFiles implements TemporaryFiles {
  readonly content = new Map<string, ArrayBuffer>();
  async write(name: string, data: ArrayBuffer): Promise<void> {
    this.content.set(name, data.slice(0));
  }
  async read(name: string): Promise<ArrayBuffer> {
    const data = this.content.get(name);
    if (!data) throw new Error(`There is no file ${name}.`);
    return data;
  }
  async remove(name: string): Promise<void> {
    this.content.delete(name);
  }
}

/** The double, the plugin's side, a WebView's channel, and the page's host at the other end of it. */
export function plugin(options: WebViewOptions & Partial<BridgeOptions> = {}) {
  const ps = new FakePhotoshop();
  const webView = new FakeWebView(options);
  const files = new FakeFiles();
  const questions: string[] = [];
  const person = { agrees: false };
  const gate = new ModalGate(ps.api, 300);
  const bridge = new Bridge<PhotoshopMethods>(webView.host, {
    ...options,
    role: 'host',
    onConnect: () => void server.reset(),
  });
  const kept = new Map<string, string>();
  const server: PageServer = new PageServer(
    {
      ps: ps.api,
      gate,
      files,
      confirm: (question) => {
        questions.push(question);
        return person.agrees;
      },
      settings: { get: (key) => kept.get(key) ?? null, set: (key, value) => void kept.set(key, value) },
      facts: { photoshop: '26.0.0', uxp: '8.0.1', system: 'double', plugin: '0.0.0' },
    },
    bridge,
  );
  const pageBridge = new Bridge<PhotoshopMethods>(webView.page(), { ...options, role: 'page', hello: 5 });
  const notices: string[] = [];
  const host = new PhotoshopHost(
    pageBridge,
    (settings) => ({ 'com.lway.settings': JSON.stringify(settings) }),
    (notice) => notices.push(notice),
  );
  const dispose = () => {
    bridge.close();
    pageBridge.close();
  };
  return { ps, webView, files, gate, bridge, pageBridge, host, server, questions, person, notices, dispose };
}

/**
 * The few things of Photoshop's JavaScript that we use and that no package describes (no published typings know the
 * WebView or `recordAction`; @types/photoshop has the rest). Only the entry of Photoshop's side sees these.
 */
declare module 'uxp' {
  export const entrypoints: {
    setup(options: {
      panels?: Record<
        string,
        {
          create?(root: UxpElement): void;
          menuItems?: { id: string; label: string }[];
          invokeMenu?(id: string): void;
        }
      >;
      commands?: Record<string, { run(): Promise<void> | void }>;
    }): void;
  };
  export const host: { name: string; version: string; uiLocale: string };
  export const versions: { uxp: string; plugin: string };
  export const pluginManager: {
    plugins: Iterable<{ id: string; showPanel(id: string): Promise<void> }>;
  };
  export const storage: {
    formats: { binary: symbol; utf8: symbol };
    localFileSystem: { getTemporaryFolder(): Promise<UxpFolder>; getDataFolder(): Promise<UxpFolder> };
  };
}
declare module 'os' {
  export function platform(): string;
  export function release(): string;
  export function arch(): string;
}

interface UxpFile {
  write(data: ArrayBuffer | string, options?: { format: symbol }): Promise<number>;
  read(options?: { format: symbol }): Promise<ArrayBuffer | string>;
  delete(): Promise<unknown>;
}
interface UxpFolder {
  createFile(name: string, options?: { overwrite: boolean }): Promise<UxpFile>;
  getEntry(name: string): Promise<UxpFile>;
}
interface UxpElement {
  style: Record<string, string>;
  setAttribute(name: string, value: string): void;
  appendChild(child: UxpElement): void;
  remove(): void;
}
interface UxpMessageEvent {
  source: unknown;
  origin?: string;
  data?: unknown;
  message?: unknown;
}
interface UxpWebView extends UxpElement {
  src: string;
  /** JSON only: the message is `JSON.parse(JSON.stringify(message))`, typed arrays become objects. */
  postMessage(message: unknown): void;
}
interface UxpDialog extends UxpElement {
  uxpShowModal(options: { title: string; resize?: string; size?: { width: number; height: number } }): Promise<unknown>;
  close(value?: unknown): void;
}
declare const document: {
  body: UxpElement;
  createElement(name: 'webview'): UxpWebView;
  createElement(name: 'dialog'): UxpDialog;
  createElement(name: string): UxpElement;
  /** Photoshop's own theme. */
  theme?: { getCurrent(): string; onUpdated: { addListener(listener: (theme: string) => void): void } };
};
declare const window: {
  addEventListener(type: 'message', listener: (event: UxpMessageEvent) => void): void;
  removeEventListener(type: 'message', listener: (event: UxpMessageEvent) => void): void;
};
declare const localStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void };
/** Needs the feature flag `enableAlerts`. */
declare function confirm(message: string): boolean;

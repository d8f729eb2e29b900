import type { Channel } from './bridge/bridge';

/** What Photoshop puts into the window of a page in a WebView. */
export interface UxpHostPort {
  postMessage(message: unknown): void;
}
declare global {
  interface Window {
    uxpHost?: UxpHostPort;
  }
}

/** The page's end of the WebView's channel; null in a page that is not inside Photoshop. */
export function pageChannel(window: Window): Channel | null {
  const host = window.uxpHost;
  if (!host) return null;
  return {
    post: (message) => host.postMessage(message),
    listen(listener) {
      const receive = (event: MessageEvent) => {
        // Messages of a frame or another window are not Photoshop's.
        const source = event.source as unknown;
        if (source !== null && source !== undefined && source !== host) return;
        listener(event.data ?? (event as unknown as { message?: unknown }).message);
      };
      window.addEventListener('message', receive);
      return () => window.removeEventListener('message', receive);
    },
  };
}

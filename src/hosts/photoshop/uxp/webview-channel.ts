import type { Channel } from '../bridge/bridge';

/** The part of UXP's `window` that hears messages. */
export interface MessageTarget {
  addEventListener(type: 'message', listener: (event: UxpMessage) => void): void;
  removeEventListener(type: 'message', listener: (event: UxpMessage) => void): void;
}
export interface UxpMessage {
  source?: unknown;
  data?: unknown;
  message?: unknown;
}
export interface WebViewLike extends Partial<MessageTarget> {
  postMessage(message: unknown): void;
}

/**
 * The plugin's end of a WebView's channel. Messages arrive at the plugin's window, in some versions at the element too (a
 * message that comes both ways is taken once, by its number). Only what this very WebView sends is listened to.
 */
export function webViewChannel(window: MessageTarget, webView: WebViewLike): Channel {
  return {
    post: (message) => webView.postMessage(message),
    listen(listener) {
      const atWindow = (event: UxpMessage) => {
        if (event.source === webView) listener(event.data ?? event.message);
      };
      const atElement = (event: UxpMessage) => {
        if (event.source === undefined || event.source === webView) listener(event.data ?? event.message);
      };
      window.addEventListener('message', atWindow);
      webView.addEventListener?.('message', atElement);
      return () => {
        window.removeEventListener('message', atWindow);
        webView.removeEventListener?.('message', atElement);
      };
    },
  };
}

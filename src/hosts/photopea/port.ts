/** The two ends of the message channel between a plug-in's page and Photopea around it. */
export interface PhotopeaPort {
  /** A text is a script for Photopea to run, an ArrayBuffer a file for it to open. */
  post(message: string | ArrayBuffer): void;
  /** Hears what Photopea sends: texts and ArrayBuffers. Returns how to stop. */
  listen(handler: (data: unknown) => void): () => void;
}

export const photopeaOrigin = 'https://www.photopea.com';

/**
 * The port of a page in Photopea's frame. Messages of anybody else are passed over, and nothing is sent to anybody else.
 */
export function parentPort(page: Window, origin = photopeaOrigin): PhotopeaPort {
  return {
    post: (message) => page.parent.postMessage(message, origin),
    listen(handler) {
      const receive = (event: MessageEvent) => {
        if (event.source === page.parent && event.origin === origin) handler(event.data);
      };
      page.addEventListener('message', receive);
      return () => page.removeEventListener('message', receive);
    },
  };
}

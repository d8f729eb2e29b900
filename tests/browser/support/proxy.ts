import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy that lets nothing through and remembers who asked for what: where a page's ways out lead to in a test. */
export class DeadEnd {
  /** Addresses asked for: of plain requests whole, of encrypted ones `host:port`. */
  readonly asked: string[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      response.writeHead(502).end();
    });
    // Encrypted requests and WebSockets ask for a tunnel first.
    this.server.on('connect', (request, socket) => {
      this.asked.push(request.url ?? '');
      socket.end('HTTP/1.1 502 Nothing leaves this machine\r\n\r\n');
    });
  }

  static async open(): Promise<DeadEnd> {
    const proxy = new DeadEnd();
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** For a browser context: everything goes here, what goes to `url`'s own port excepted. */
  settings(url: string): { server: string; bypass: string } {
    const { port } = this.server.address() as AddressInfo;
    return { server: `http://127.0.0.1:${port}`, bypass: new URL(url).host };
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';

export const contentSecurityPolicy: string;
export function servePage(
  root: string,
  port?: number,
  options?: {
    framedBy?: string;
    answer?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
  },
): Promise<{ url: string; close(): Promise<void> }>;

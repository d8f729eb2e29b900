import { isAbort, LWayError } from '../../engine';

const noSpace = /no space left|disk quota|file too large|ENOSPC|EDQUOT|EFBIG/i;

/** Whether what libvips says is about the file that it wrote, not the one that it read. */
export const failedWriting = (error: unknown): boolean =>
  noSpace.test(String(error)) || /write failed|wbuffer_write/i.test(String(error));

/** A lack of room that may pass, of disk or of memory, when nothing else is in work. */
export function noRoom(error: unknown): boolean {
  return error instanceof NoRoom || (error instanceof LWayError && error.code === 'out-of-memory');
}

/** No room on a disk. */
export class NoRoom extends LWayError {
  constructor(message: string, advice: string, options?: { cause?: unknown }) {
    super('storage', message, advice, options);
  }
}

/** Code that Node's file functions put on their errors, e.g. `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** What a failed write means for a person; errors that are already meant for people pass through. */
export function writeError(error: unknown, path: string): unknown {
  if (error instanceof LWayError || isAbort(error)) return error;
  const code = systemCode(error);
  const message = error instanceof Error ? error.message : String(error);
  if (noSpace.test(message) || code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new NoRoom(
      `The disk is full: "${path}" could not be written.`,
      'Free some space, or write to another disk with -o; nothing was left behind.',
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || /permission denied|read-only/i.test(message)) {
    return new LWayError(
      'storage',
      `"${path}" may not be written: permission denied.`,
      'Choose another folder with -o.',
      { cause: error },
    );
  }
  if (code === 'ENOTDIR' || code === 'ENOENT') {
    return new LWayError('storage', `There is no folder for "${path}".`, 'Choose an existing folder with -o.', {
      cause: error,
    });
  }
  if (code === 'ENAMETOOLONG') {
    return new LWayError('storage', `The name "${path}" is too long for this disk.`, 'Choose a shorter one with -o.', {
      cause: error,
    });
  }
  return new LWayError(
    'storage',
    `"${path}" could not be written: ${firstLine(message)}.`,
    'Try another disk or name with -o.',
    {
      cause: error,
    },
  );
}

/** libvips repeats itself over many lines; the first one says it. */
export function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').trim().replace(/\.$/, '');
}

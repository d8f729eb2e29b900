import { LWayError } from '../../common/errors';

/** The error for a result that could not be put aside, with what the disk or the browser said as its cause. */
export function storageError(place: 'disk' | 'browser', cause: unknown): LWayError {
  const code = (cause as { code?: unknown } | null)?.code;
  const name = (cause as { name?: unknown } | null)?.name;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || name === 'QuotaExceededError';
  if (place === 'disk') {
    return full
      ? new LWayError(
          'storage',
          'The disk that holds temporary files is full.',
          'Free some space there, or set TMPDIR to a folder on a larger disk.',
          { cause },
        )
      : new LWayError(
          'storage',
          `Temporary files cannot be written or read (${String(code ?? cause)}).`,
          'Check that the folder for temporary files exists and can be written to, or set TMPDIR to another one.',
          { cause },
        );
  }
  return full
    ? new LWayError(
        'storage',
        "The browser's storage is full.",
        'Free some disk space, or choose a smaller region or scale.',
        { cause },
      )
    : new LWayError(
        'storage',
        'The browser refuses to store the result.',
        'Leave private browsing, allow this page to store data, or choose a smaller region or scale.',
        { cause },
      );
}

import { isAbort, LWayError } from '../engine';

/** What the process's exit code says (docs/cli.md). */
export const exitCode = {
  ok: 0,
  /** At least one file, or what was asked for, failed. */
  failed: 1,
  /** The command line itself cannot be understood or contradicts itself; nothing was started. */
  usage: 2,
  /** Nothing could be started: no such network, an unusable network, no device, no queue. */
  cannotStart: 3,
  /** Ctrl-C: 128 + SIGINT, as shells expect. */
  cancelled: 130,
} as const;

/** The exit code for an error that ended a whole command (not only one file of many). */
export function exitCodeOf(error: unknown): number {
  if (isAbort(error)) return exitCode.cancelled;
  if (!(error instanceof LWayError)) return exitCode.failed;
  switch (error.code) {
    case 'bad-option':
      return exitCode.usage;
    case 'bad-model':
    case 'missing-model':
    case 'bad-graph':
    case 'no-device':
    case 'no-queue':
      return exitCode.cannotStart;
    default:
      return exitCode.failed;
  }
}

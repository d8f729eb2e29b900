import type { Readable, Writable } from 'node:stream';

/** A place to write text to: `process.stdout`, or a test's list of lines. */
export interface TextOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** All that the command line takes from its process, so that tests run it without one. */
export interface Environment {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Standard input and output for pictures themselves. */
  readonly streams?: { readonly input: Readable; readonly output: Writable };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The person's home folder. */
  readonly home: string;
  /** Folder that relative paths start from. */
  readonly cwd: string;
  /** Folder of the installed package: `models/` lies in it. */
  readonly root: string;
  readonly version: string;
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** For commands that go on for ever: aborts at the first Ctrl-C, when what is in work is still to be done. */
  readonly finish?: AbortSignal;
}

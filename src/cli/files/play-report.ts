import { stat } from 'node:fs/promises';
import { LWayError, type PlainError } from '../../engine';
import type { FileReport } from '../upscale-file';
import { readJson, writeJson } from './json-file';
import { exists } from './workspace';

interface Entry {
  input: string;
  status: 'done' | 'failed';
  /** Of the input when it was read: another size or time means another picture. */
  bytes: number;
  modified: number;
  output?: string;
  width?: number;
  height?: number;
  seconds?: number;
  notices?: string[];
  error?: PlainError;
}

interface Content {
  format: 'lway-play-report';
  version: 1;
  /** SHA-256 over the steps and the options that change the result. */
  steps: string;
  files: Entry[];
}

/** What a run of recorded steps has done so far, on disk after every file, so that a later run can go on from it. */
export class PlayReport {
  private constructor(
    private readonly path: string,
    private readonly content: Content,
  ) {}

  /**
   * @param fingerprint of steps and options: a report of other ones is begun anew
   * @throws LWayError `bad-option` where `path` is something else than a report
   */
  static async open(path: string, fingerprint: string, again: boolean): Promise<PlayReport> {
    const found = (await readJson(path, 'The report')) as Partial<Content> | null | undefined;
    const fresh: Content = { format: 'lway-play-report', version: 1, steps: fingerprint, files: [] };
    if (found === undefined) return new PlayReport(path, fresh);
    if (found?.format !== 'lway-play-report' || found.version !== 1 || !Array.isArray(found.files)) {
      throw new LWayError(
        'bad-option',
        `"${path}" is not a report of "lway play".`,
        'Choose another file with --report.',
      );
    }
    const goesOn = !again && found.steps === fingerprint;
    return new PlayReport(path, goesOn ? (found as Content) : fresh);
  }

  /** Where the result of a picture is that an earlier run has done; undefined where it has to be done (again). */
  async finished(input: string): Promise<string | undefined> {
    const entry = this.content.files.find((each) => each.input === input && each.status === 'done');
    if (!entry?.output || !(await exists(entry.output))) return undefined;
    const now = await fingerprintOf(input);
    return now.bytes === entry.bytes && now.modified === entry.modified ? entry.output : undefined;
  }

  async done({ input, output, width, height, seconds, notices }: FileReport): Promise<void> {
    await this.put({ input, status: 'done', output, width, height, seconds, notices, ...(await fingerprintOf(input)) });
  }

  async failed(input: string, error: PlainError): Promise<void> {
    await this.put({ input, status: 'failed', error, ...(await fingerprintOf(input)) });
  }

  private async put(entry: Entry): Promise<void> {
    const { files } = this.content;
    const at = files.findIndex(({ input }) => input === entry.input);
    if (at < 0) files.push(entry);
    else files[at] = entry;
    await writeJson(this.path, this.content);
  }
}

async function fingerprintOf(path: string): Promise<{ bytes: number; modified: number }> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
  return { bytes: size, modified: mtimeMs };
}

import type { PixelHeader } from '../protocol';
import type { TemporaryFiles } from './photoshop-api';

/** Photoshop starts to complain about a plugin at 600 MB (Adobe, Imaging API, "Performance considerations"). */
const MEMORY_BUDGET = 192 << 20;

interface Entry {
  header: PixelHeader;
  bytes?: Uint8Array;
  file?: string;
}

let names = 0;
let used = 0;

/** Pixels that wait: in memory up to a budget that all spools share, the rest in files of the plugin's own. */
export class Spool {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly files: TemporaryFiles,
    private readonly budget = MEMORY_BUDGET,
  ) {}

  get keys(): string[] {
    return [...this.entries.keys()];
  }

  /** Takes `bytes` over, in the place of what the key held before. */
  async put(key: string, header: PixelHeader, bytes: Uint8Array): Promise<void> {
    await this.drop(this.entries.get(key));
    if (bytes.length === 0 || used + bytes.length <= this.budget) {
      used += bytes.length;
      this.entries.set(key, { header, bytes });
      return;
    }
    const file = `lway-${Date.now().toString(36)}-${++names}.pixels`;
    const whole = bytes.byteLength === bytes.buffer.byteLength;
    await this.files.write(file, (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer);
    this.entries.set(key, { header, file });
  }

  async get(key: string): Promise<{ header: PixelHeader; bytes: Uint8Array } | null> {
    const entry = this.entries.get(key);
    if (!entry) return null;
    const bytes = entry.bytes ?? new Uint8Array(await this.files.read(entry.file!));
    return { header: entry.header, bytes };
  }

  /** Frees memory and files. Safe to call twice. */
  async clear(): Promise<void> {
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const entry of entries) await this.drop(entry);
  }

  private async drop(entry: Entry | undefined): Promise<void> {
    if (entry?.bytes) used -= entry.bytes.length;
    // A file that is gone already is as good as removed.
    if (entry?.file) await this.files.remove(entry.file).catch(() => undefined);
  }
}

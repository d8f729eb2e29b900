export interface Gimp {
  version: '2.10' | '3.0';
  /** Command lines to put arguments behind. */
  console: string[];
  window: string[];
  /** Folder of its Script-Fu plug-in. */
  scriptFu: string | null;
}
export function findGimps(): Gimp[];
export function ensureGimps(): void;

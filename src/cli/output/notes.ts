import type { Environment } from '../environment';

/** Says sentences on standard error, unless nothing but JSON, or nothing but errors, is wanted. */
export function notesFor(
  { stderr }: Pick<Environment, 'stderr'>,
  { json, quiet }: { json?: boolean; quiet?: boolean },
): (message: string) => void {
  return json || quiet ? () => undefined : (message) => void stderr.write(`${message}\n`);
}

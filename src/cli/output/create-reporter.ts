import type { Surroundings } from '../surroundings';
import { JsonReporter } from './json-reporter';
import type { Reporter } from './reporter';
import { BarView, LinesView, QuietReporter, TextReporter } from './text-reporter';

export function createReporter(surroundings: Surroundings, flags: { json?: boolean; quiet?: boolean }): Reporter {
  const { stdout, stderr, version } = surroundings;
  if (flags.json) return new JsonReporter(stdout, version);
  if (flags.quiet) return new QuietReporter(stderr);
  const progress = stderr.isTTY ? new BarView(stderr as NodeJS.WriteStream) : new LinesView(stderr);
  return new TextReporter(stdout, stderr, progress);
}

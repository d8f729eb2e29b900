import type { Environment } from '../environment';
import { JsonReporter } from './json-reporter';
import type { Reporter } from './reporter';
import { BarView, LinesView, QuietReporter, TextReporter } from './text-reporter';

export function createReporter(environment: Environment, flags: { json?: boolean; quiet?: boolean }): Reporter {
  const { stdout, stderr, version } = environment;
  if (flags.json) return new JsonReporter(stdout, version);
  if (flags.quiet) return new QuietReporter(stderr);
  const progress = stderr.isTTY ? new BarView(stderr as NodeJS.WriteStream) : new LinesView(stderr);
  return new TextReporter(stdout, stderr, progress);
}

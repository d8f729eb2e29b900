import type { Command } from 'commander';
import { deleteWeights, listWeights } from '../files/weights-file';
import { columns, fileSize } from '../output/text';
import type { Environment } from '../environment';

const about = `Adapted weights hold traces of the picture that they were adapted to. They stay on this machine until you
delete them.`;

export function addWeights(program: Command, environment: Environment): void {
  const { stdout, stderr } = environment;
  const weights = program
    .command('weights')
    .summary('list or delete kept adapted networks')
    .description(`Lists or deletes the adapted networks that "upscale --save-weights NAME" has kept.\n${about}`);
  weights
    .command('list', { isDefault: true })
    .description('Lists them.')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const all = await listWeights(environment);
      if (json) return void stdout.write(`${JSON.stringify(all, null, 2)}\n`);
      if (all.length === 0) return void stderr.write('No weights are kept here.\n');
      const rows = all.map((each) => [
        each.name,
        each.detail === undefined
          ? each.model
          : `${each.model}, detail ${each.detail}, noise ${each.noise ?? 0}, blur ${each.blur ?? 0}`,
        each.created.slice(0, 10),
        fileSize(each.bytes),
        each.picture,
      ]);
      stdout.write(columns([['Name', 'Network', 'Date', 'Size', 'Adapted to'], ...rows]));
    });
  weights
    .command('delete')
    .description('Deletes some of them.')
    .argument('<names...>', 'their names')
    .action(async (names: string[]) => {
      for (const name of names) {
        await deleteWeights(environment, name);
        stderr.write(`Deleted "${name}".\n`);
      }
    });
}

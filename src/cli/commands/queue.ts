import type { Command } from 'commander';
import { columns } from '../output/text';
import { queueAddress } from '../queue/address';
import type { Overview } from '../queue/overview';
import type { Environment } from '../environment';

interface Flags {
  queue?: string | true;
  json?: boolean;
}

const address = 'redis://… or rediss://… (default: the LWAY_QUEUE variable)';

export function addQueue(program: Command, environment: Environment, finish: (code: number) => void): void {
  const { stdout, stderr } = environment;
  const queue = program
    .command('queue')
    .summary('see the progress of a queue')
    .description('Shows a queue of pictures ("lway play --queue", "lway work") and tidies it.');
  queue
    .command('status', { isDefault: true })
    .description(
      'Counts pictures that wait, are in work, done and put aside; lists workers, and why pictures were put aside.',
    )
    .option('--queue [url]', address)
    .option('--json', 'as JSON')
    .action(async (flags: Flags) => {
      const at = queueAddress(environment, flags.queue);
      const { overview } = await import('../queue/overview');
      const found = await overview(environment, at);
      stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : textOf(found));
      finish(found.putAside > 0 ? 1 : 0);
    })
    .addHelpText('after', '\nExit codes: 0, 1 where pictures were put aside, 3 where the queue does not answer.');
  queue
    .command('retry')
    .description('Puts back what was put aside, for three more tries.')
    .option('--queue [url]', address)
    .action(async (flags: Flags) => {
      const at = queueAddress(environment, flags.queue);
      const { retry } = await import('../queue/overview');
      stderr.write(`${await retry(environment, at)} put back.\n`);
    });
  queue
    .command('clear')
    .description('Removes all that waits, and forgets what is done or put aside. What is in work is finished.')
    .option('--queue [url]', address)
    .action(async (flags: Flags) => {
      const at = queueAddress(environment, flags.queue);
      const { clear } = await import('../queue/overview');
      stderr.write(`${await clear(environment, at)} removed.\n`);
    });
}

function textOf({ queue, waiting, again, inWork, done, putAside, workers, failures }: Overview): string {
  const rows = [
    ['Queue', queue],
    ['Waiting', `${waiting}${again > 0 ? `, and ${again} for another try` : ''}`],
    ['In work', String(inWork)],
    ['Done', String(done)],
    ['Put aside', String(putAside)],
    ['Workers', workers.length === 0 ? 'none' : workers.map(({ name }) => name).join(', ')],
  ];
  const aside = failures.map(({ input, message, advice }) => `  ${input}: ${message} ${advice}\n`);
  const more = putAside > failures.length ? `  and ${putAside - failures.length} more\n` : '';
  return columns(rows) + (putAside > 0 ? `Put aside:\n${aside.join('')}${more}` : '');
}

// LWay in GIMP 2.10: two menu entries that start LWay's own process and answer what it asks over its pipes. "lway gimp
// install" puts this file into the person's plug-ins folder, with a first line that names Node, and beside it lway.json,
// which says how LWay is started.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Pdb } from '../hosts/gimp/plug-in2/pdb';
import { serve } from '../hosts/gimp/plug-in2/serve';
import { Session } from '../hosts/gimp/plug-in2/session';
import { Wire, type Arg } from '../hosts/gimp/plug-in2/wire';

const upscale = 'lway-upscale';
const again = 'lway-upscale-again';
const runMode = { interactive: 0, noninteractive: 1, withLastValues: 2 };

function query(wire: Wire): void {
  const args = [
    { type: 'int32', name: 'run-mode', description: 'The run mode' },
    { type: 'image', name: 'image', description: 'The image' },
    { type: 'drawable', name: 'drawable', description: 'The layer' },
  ] as const;
  const help =
    'A larger, sharper layer from a network that first adapts to the picture itself. Nothing leaves this machine.';
  const common = { help, imageTypes: 'RGB*, GRAY*', args };
  const blurb = 'Upscale a layer or a selection with LWay';
  wire.install({ ...common, name: upscale, blurb, label: 'Upscale with L_Way...' });
  wire.install({
    ...common,
    name: again,
    blurb: `${blurb}, with the settings used last`,
    label: 'Upscale with _Last Settings',
  });
  for (const name of [upscale, again]) {
    wire.call('gimp-plugin-menu-register', ['string', name], ['string', '<Image>/Filters/Enhance']);
  }
}

async function run(wire: Wire): Promise<void> {
  const { name, args } = wire.nextRun();
  const [mode, image, drawable] = args as [number, number, number];
  const pdb = new Pdb(wire);
  let failure: string | null;
  try {
    if (name === again && mode === runMode.interactive) {
      // Through the other entry, after which GIMP names the undo step.
      const forwarded: Arg[] = [
        ['int32', runMode.withLastValues],
        ['image', image],
        ['drawable', drawable],
      ];
      wire.call(upscale, ...forwarded);
      failure = null;
    } else {
      const session = new Session(pdb, image, pdb.layerOf(drawable), mode === runMode.interactive ? 'panel' : 'again');
      failure = await serve(session, command());
    }
  } catch (error) {
    failure = (error as Error).message;
  }
  wire.finish(name, failure);
}

/** The command line that starts LWay, as it was when the plug-in was installed. */
function command(): string[] {
  try {
    const path = join(dirname(process.argv[1]!), 'lway.json');
    return (JSON.parse(readFileSync(path, 'utf8')) as { command: string[] }).command;
  } catch {
    throw new Error('LWay was moved or removed. Run "lway gimp install" again.');
  }
}

async function main(): Promise<void> {
  const [, , , input, output, mode] = process.argv;
  const wire = new Wire(Number(input), Number(output));
  if (mode === '-query') query(wire);
  else if (mode === '-run') await run(wire);
  wire.quit();
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`LWay: ${(error as Error).message}\n`);
  process.exit(1);
});

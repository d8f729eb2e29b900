import type { Command } from 'commander';
import { addHostOptions, upscaleInHost, type HostFlags } from '../cli/commands/host';
import { hostFiles } from '../cli/files/host-files';
import type { Surroundings } from '../cli/surroundings';
import { LWayError } from '../engine/errors';
import { GimpHost } from '../hosts/gimp/gimp-host';
import { ScriptFu } from '../hosts/gimp/script-fu';

const help = `
In GIMP 2.10 choose Filters ▸ Script-Fu ▸ Start Server first, with server 127.0.0.1 and port 10008.

Examples:
  $ lway gimp                               the active layer, four times as large, above itself
  $ lway gimp --selection --scale 2         only what is selected; a soft selection becomes a layer mask
  $ lway gimp --new-image --adapt thorough`;

/** Joins the command line with GIMP. */
export function addGimp(program: Command, surroundings: Surroundings, finish: (code: number) => void): void {
  const command = program
    .command('gimp')
    .summary('upscale the active layer in GIMP')
    .description('Upscales the active layer of the image that is open in GIMP, or what is selected of it.');
  addHostOptions(command)
    .option('--port <number>', 'where GIMP’s Script-Fu server listens', wholeNumber('--port', 65535), 10008)
    .option('--image <number>', 'number of the image (default: the one opened last)', wholeNumber('--image', 2 ** 31))
    .addHelpText('after', help)
    .action(async (flags: HostFlags & { port: number; image?: number }) => {
      const scriptFu = new ScriptFu({ port: flags.port });
      const host = new GimpHost({ scriptFu, files: hostFiles, image: flags.image });
      try {
        finish(await upscaleInHost(surroundings, host, flags));
      } finally {
        scriptFu.close();
      }
    });
}

function wholeNumber(option: string, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new LWayError('bad-option', `"${text}" is no value for ${option}.`, 'Use a whole number.');
  };
}

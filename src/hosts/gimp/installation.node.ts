import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** How LWay's plug-in is made for a GIMP: 2.10 runs Node itself, 3 its own Python. */
export type Kind = 2 | 3;

/** The person's own folder of one GIMP. */
export interface GimpFolder {
  /** `2.10`, `3.0`… */
  version: string;
  kind: Kind;
  path: string;
  /** Whether it is there: GIMP makes it when it is first started. */
  exists: boolean;
}

export interface Place {
  env: Readonly<Record<string, string | undefined>>;
  platform: string;
  home: string;
}

export interface Program {
  /** Node. */
  node: string;
  /** Arguments that start LWay's side for the plug-in. */
  args: readonly string[];
}

const names = { 2: 'lway.cjs', 3: 'lway.py' } as const;
const commandFile = 'lway.json';

/** Where GIMP keeps what belongs to the person, one folder for each version in it. */
export function settingsRoot({ env, platform, home }: Place): string {
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'GIMP');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'GIMP');
  return join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'GIMP');
}

/** The GIMP that a version number means; null where LWay has no plug-in for it. */
export function kindOf(version: string): Kind | null {
  const [major, minor] = version.split('.').map(Number);
  if (major === 2 && minor === 10) return 2;
  return major === 3 ? 3 : null;
}

/**
 * The folders of all GIMPs that have been started by this person, or are found as programs.
 * @param programs versions of GIMP programs that were found
 */
export async function gimpFolders(place: Place, programs: readonly string[] = []): Promise<GimpFolder[]> {
  const root = settingsRoot(place);
  const started = await readdir(root).catch(() => []);
  const versions = [...new Set([...started, ...programs])].filter((version) => kindOf(version) !== null).sort();
  return versions.map((version) => {
    const kind = kindOf(version)!;
    // What GIMP itself goes by, where it is set.
    const path = place.env[`GIMP${kind}_DIRECTORY`] ?? join(root, version);
    return { version, kind, path, exists: existsSync(path) };
  });
}

/** Versions of GIMP among the programs that a shell finds: `gimp-2.10`, `gimp-3.0`. */
export async function gimpPrograms({ env, platform }: Place): Promise<string[]> {
  const folders = (env['PATH'] ?? '').split(platform === 'win32' ? ';' : delimiter).filter(Boolean);
  const found = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  const versions = found.flat().flatMap((name) => /^gimp-(\d+\.\d+)(\.exe)?$/.exec(name)?.[1] ?? []);
  return [...new Set(versions)];
}

/** The plug-in's own folder: GIMP loads a file of the same name in it. */
export function plugInFolder({ path }: Pick<GimpFolder, 'path'>): string {
  return join(path, 'plug-ins', 'lway');
}

/**
 * Puts the plug-in into a GIMP, in place of an older one.
 * @param shipped folder with the plug-ins that came with LWay
 */
export async function installPlugIn(
  folder: GimpFolder,
  shipped: string,
  program: Program,
  platform: string,
): Promise<void> {
  const { kind, path } = folder;
  const target = plugInFolder(folder);
  const name = names[kind];
  const text = await readFile(join(shipped, kind === 2 ? 'gimp-plug-in.cjs' : 'lway.py'), 'utf8');
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  const windows = platform === 'win32';
  const first = kind === 3 ? '' : windows ? '#!/usr/bin/env lway-node\n' : `#!${program.node}\n`;
  await writeFile(join(target, name), first + text);
  // GIMP passes over what cannot be executed.
  await chmod(join(target, name), 0o755);
  await writeFile(
    join(target, commandFile),
    `${JSON.stringify({ command: [program.node, ...program.args] }, null, 2)}\n`,
  );
  if (kind === 2 && windows) {
    // Windows knows no first line; GIMP's own table says what runs a file of ours.
    const table = interpreterTable(path);
    await mkdir(join(table, '..'), { recursive: true });
    await writeFile(table, `/usr/bin/env lway-node=${program.node}\n,lway-node,E,,cjs,,${program.node},\n`);
  }
}

/** @returns whether there was one */
export async function uninstallPlugIn(folder: GimpFolder): Promise<boolean> {
  const target = plugInFolder(folder);
  const there = existsSync(target);
  await rm(target, { recursive: true, force: true });
  await rm(interpreterTable(folder.path), { force: true });
  return there;
}

/** What is wrong with the plug-in of a GIMP, as sentences; null where there is none. */
export async function examinePlugIn(folder: GimpFolder, shipped: string, platform: string): Promise<string[] | null> {
  const target = plugInFolder(folder);
  if (!existsSync(target)) return null;
  const name = names[folder.kind];
  const problems: string[] = [];
  const text = await readFile(join(target, name), 'utf8').catch(() => null);
  const own = await readFile(join(shipped, folder.kind === 2 ? 'gimp-plug-in.cjs' : 'lway.py'), 'utf8').catch(
    () => null,
  );
  if (text === null) problems.push(`${name} is missing`);
  else if (own !== null && !text.endsWith(own)) problems.push('it is of another version of LWay');
  const command = await readFile(join(target, commandFile), 'utf8')
    .then((json) => (JSON.parse(json) as { command: string[] }).command)
    .catch(() => null);
  if (!command) problems.push(`${commandFile} is missing or damaged`);
  else for (const each of command.slice(0, 2)) if (!existsSync(each)) problems.push(`${each} is gone`);
  if (text !== null && platform !== 'win32') {
    const { mode } = await stat(join(target, name));
    if ((mode & 0o100) === 0) problems.push(`${name} may not be executed`);
  }
  return problems;
}

function interpreterTable(path: string): string {
  return join(path, 'interpreters', 'lway.interp');
}

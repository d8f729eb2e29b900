// Finds the GIMPs to test with, or gets them: 2.10 from Debian 12's packages, 3 in a root folder of its own made from Debian
// 13, kept in the person's cache folder. One clear line where one of them cannot be had.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installFromDebian, mayInstall, patience } from './debian.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'lway', 'gimp3');
const root = join(cache, 'trixie');
const ready = join(root, '.lway-ready');
const debian = 'http://deb.debian.org/debian';

function runs(command, args, pattern = /./) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  return status === 0 && pattern.test(`${stdout}.`);
}

/** Runs a program inside the root folder: the system's own, the project's and temporary files are there, and Node. */
function inRoot(program) {
  const script = [
    'set -e',
    ...['/proc', '/dev', '/tmp'].map((folder) => `mount --bind ${folder} "$1${folder}"`),
    'for folder in "$2"; do mkdir -p "$1$folder"; mount --bind "$folder" "$1$folder"; done',
    'mkdir -p "$(dirname "$1$3")"; touch "$1$3"; mount --bind "$3" "$1$3"',
    'root="$1"; shift 3; exec chroot "$root" "$@"',
  ].join('\n');
  // What is mounted here is gone with the process: nothing can be removed through it later.
  return [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    root,
    project.replace(/\/$/, ''),
    process.execPath,
    program,
  ];
}

/** Folder of the Script-Fu plug-in, without which GIMP runs no batch; as it is called inside `within`. */
function scriptFu(version, within = '') {
  const libraries = `${within}/usr/lib`;
  for (const folder of existsSync(libraries) ? ['.', ...readdirSync(libraries)] : []) {
    const path = join('/usr/lib', folder, 'gimp', version, 'plug-ins', 'script-fu');
    if (existsSync(within + path)) return path;
  }
  return null;
}

/**
 * The GIMPs that are here, as command lines to put arguments behind.
 * @returns {{ version: '2.10' | '3.0', console: string[], window: string[], scriptFu: string | null }[]}
 */
export function findGimps() {
  const found = [];
  const two = ['gimp-console-2.10', 'gimp-console'].find((name) =>
    runs(name, ['--version'], /\b2\.10\.(3[4-9]|[4-9]\d)/),
  );
  if (two)
    found.push({ version: '2.10', console: [two], window: [two.replace('-console', '')], scriptFu: scriptFu('2.0') });
  const three = ['gimp-console-3.0', 'gimp-console'].find((name) => runs(name, ['--version'], /\b3\.\d+\.\d+/));
  if (three)
    found.push({
      version: '3.0',
      console: [three],
      window: [three.replace('-console', '')],
      scriptFu: scriptFu('3.0'),
    });
  else if (existsSync(ready)) {
    const [console, window] = [inRoot('gimp-console-3.0'), inRoot('gimp-3.0')];
    found.push({ version: '3.0', console, window, scriptFu: scriptFu('3.0', root) });
  }
  return found;
}

function installThree() {
  if (!runs('unshare', ['--mount', 'true'], /^\.$/)) throw new Error('this system lets nobody mount folders');
  if (!existsSync('/usr/sbin/debootstrap')) installFromDebian('debootstrap');
  mkdirSync(cache, { recursive: true });
  rmSync(root, { recursive: true, force: true });
  const packages = 'gimp,python3-gi,gir1.2-gimp-3.0,gir1.2-gtk-3.0';
  execFileSync('debootstrap', ['--variant=minbase', 'trixie', root, debian], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: patience,
  });
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages.split(',')];
  execFileSync('chroot', [root, ...install], { stdio: ['ignore', 'ignore', 'inherit'], env, timeout: patience });
  writeFileSync(ready, '');
}

/** Installs what is missing where this machine lets us; says in a line each what could not be had. */
export function ensureGimps() {
  const has = (version) => findGimps().some((gimp) => gimp.version === version);
  const tools = ['Xvfb', 'xdotool'].filter((name) => !existsSync(`/usr/bin/${name}`));
  if (!has('2.10') || tools.length > 0) installFromDebian('gimp', 'xvfb', 'xdotool');
  if (!has('2.10')) console.error('GIMP 2.10 is not tested here: install GIMP 2.10.34 or later.');
  if (has('3.0')) return;
  try {
    if (!mayInstall()) throw new Error('it takes root on Debian or Ubuntu');
    console.log(`Making ${root} with GIMP 3 for the tests, once: about five minutes…`);
    installThree();
  } catch (error) {
    rmSync(ready, { force: true });
    console.error(`GIMP 3 is not tested here: ${error.message.split('\n')[0]}.`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureGimps();
  for (const { version, console: command } of findGimps()) console.log(`GIMP ${version}: ${command.at(-1)}`);
}

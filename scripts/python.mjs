// The Python beside the product: linted by a pinned ruff, which is fetched once where Python with pip is, and the tests of
// training/, those of the networks only where PyTorch is.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ruffVersion = '0.17.6';

const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** @returns {{ command: string, torch: boolean } | null} the Python to use: one with PyTorch if there is one */
function findPython() {
  const found = ['python3', '/usr/bin/python3', 'python'].filter((command) =>
    works(command, '-c', 'import sys; sys.exit(sys.version_info < (3, 9))'),
  );
  const rich = found.find((command) => works(command, '-c', 'import numpy, onnx, PIL, scipy, torch'));
  if (rich) return { command: rich, torch: true };
  return found[0] ? { command: found[0], torch: false } : null;
}

/** @returns {string | null} a folder that Python finds ruff in */
function findRuff(python) {
  const folder = join('node_modules', '.cache', `ruff-${ruffVersion}`);
  if (existsSync(join(folder, 'ruff'))) return folder;
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--target', folder];
  return works(python, ...pip, `ruff==${ruffVersion}`) ? folder : null;
}

/**
 * @param {(name: string, command: string, args: string[], env?: Record<string, string>) => void} check runs and counts
 * @param {(name: string, reason: string) => void} skip counts a check that cannot be run here
 */
export function checkPython(check, skip) {
  const python = findPython();
  if (!python) {
    skip('ruff', 'there is no Python 3.9 or newer');
    return skip('Python tests', 'there is no Python 3.9 or newer');
  }
  const ruff = findRuff(python.command);
  if (ruff) check('ruff', python.command, ['-m', 'ruff', 'check', '--no-cache', '.'], { PYTHONPATH: ruff });
  else skip('ruff', `pip could not install ruff ${ruffVersion}`);

  const unittest = ['-m', 'unittest', 'discover', '-s', 'training/tests'];
  if (python.torch) return check('Python tests', python.command, unittest);
  // These two files need no PyTorch.
  check('Python tests', python.command, [...unittest, '-p', 'test_[rs]*.py']);
  skip('Python tests of the networks', 'there is no PyTorch with numpy, onnx, PIL and scipy');
}

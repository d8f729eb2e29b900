import { join } from 'node:path';
import type { Environment } from './environment';

/**
 * Where the person's own networks and adapted weights are kept: `$XDG_DATA_HOME/lway` (Linux, usually
 * `~/.local/share/lway`), `~/Library/Application Support/LWay` (macOS), `%APPDATA%\LWay` (Windows).
 */
export function userFolder({ env, platform, home }: Pick<Environment, 'env' | 'platform' | 'home'>): string {
  if (env['XDG_DATA_HOME']) return join(env['XDG_DATA_HOME'], 'lway');
  if (platform === 'win32') return join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'LWay');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'LWay');
  return join(home, '.local', 'share', 'lway');
}

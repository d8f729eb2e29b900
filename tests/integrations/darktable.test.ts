import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { drawn, writePng } from '../cli/support/pictures';

// Debian's darktable with its windows; it waits for ever where there is no D-Bus session.
const project = resolve(__dirname, '../..');
const tools = ['darktable', 'Xvfb', 'dbus-run-session'].every((name) => existsSync(`/usr/bin/${name}`));
const patience = 240_000;
jest.setTimeout(patience + 60_000);

/** What darktable itself does at an export, by its own Lua: import, write the file, call the target. */
const script = (folder: string, picture: string) => `
local dt = require "darktable"
local log = io.open("${folder}/log.new", "w")
local ok, problem = pcall(function()
  local lway = require "lway"
  local image = dt.database.import("${picture}")
  local format = dt.new_format("tiff")
  format.bpp = 16
  local results = {}
  lway.initialize(nil, format, { image }, true, results)
  for _, exported in ipairs { "${folder}/it's exported.tif", "${folder}/second.tif", "${folder}/missing.tif" } do
    if exported ~= "${folder}/missing.tif" then format:write_image(image, exported, false) end
    lway.store(nil, image, format, exported, 1, 1, true, results)
  end
  lway.finalize(nil, {}, results)
  log:write("supported ", tostring(lway.supported(nil, format)), "\\n")
  log:write("done ", results.done, " failed ", results.failed, "\\n")
  for _, each in ipairs(dt.database) do
    log:write(each.filename, " with ", each.group_leader.filename, "\\n")
  end
end)
log:write(ok and "well" or tostring(problem), "\\n")
log:close()
os.rename("${folder}/log.new", "${folder}/log")
`;

(tools ? test : test.skip)(
  'darktable: the result lies beside the original and in the library; one that fails is counted',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lway-test-darktable-'));
    const lua = join(folder, 'config', 'lua');
    const pictures = join(folder, 'pictures');
    for (const each of [lua, pictures]) mkdirSync(each, { recursive: true });
    const picture = join(pictures, "it's a photo.png");
    await writePng(picture, drawn(48, 32, 3));
    copyFileSync(join(project, 'integrations/darktable/lway.lua'), join(lua, 'lway.lua'));
    writeFileSync(join(lua, 'try.lua'), script(folder, picture));
    const command = `${process.execPath} ${join(project, 'bin/lway.mjs')}`;
    const options = '--scale 2 --adapt off --device cpu --quiet';
    const settings = {
      'lua/lway/command': command,
      'lua/lway/options': options,
      'plugins/midi/devices': '-',
      write_sidecar_files: 'never',
    };
    writeFileSync(
      join(folder, 'config', 'darktablerc'),
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const display = await new Promise<string>((done) =>
      screen.stdio[3]!.once('data', (text: Buffer) => done(text.toString().trim())),
    );
    const args = [
      '--disable-opencl',
      '--configdir',
      join(folder, 'config'),
      '--cachedir',
      join(folder, 'cache'),
      '--library',
      join(folder, 'library.db'),
    ];
    const darktable = spawn('dbus-run-session', ['--', 'darktable', ...args, '--luacmd', 'require "try"'], {
      env: { ...process.env, DISPLAY: `:${display}`, XDG_DATA_HOME: join(folder, 'data') },
      stdio: 'ignore',
      detached: true,
    });
    try {
      const log = join(folder, 'log');
      for (const end = Date.now() + patience; !existsSync(log) && Date.now() < end;)
        await new Promise((done) => setTimeout(done, 500));
      expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
        'supported true',
        'done 2 failed 1',
        "it's a photo.png with it's a photo.png",
        "it's a photo-lway.tif with it's a photo.png",
        "it's a photo-lway-2.tif with it's a photo.png",
        'well',
      ]);
      const result = await sharp(join(pictures, "it's a photo-lway.tif")).metadata();
      expect(result).toMatchObject({ width: 96, height: 64, depth: 'ushort' });
      // What darktable had exported is gone again.
      expect(execFileSync('find', [folder, '-maxdepth', '1', '-name', '*.tif'], { encoding: 'utf8' })).toBe('');
    } finally {
      process.kill(-darktable.pid!, 'SIGKILL');
      screen.kill();
      await new Promise((done) => setTimeout(done, 500));
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

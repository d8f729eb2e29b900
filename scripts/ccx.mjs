// What Photoshop's installer takes: a .ccx is a zip of the plugin's folder with the manifest at its root.
import { createWriteStream, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

/** All that a plugin is made of; anything else has got in by mistake. */
const expected = [
  /^manifest\.json$/,
  /^index\.html$/,
  /^photoshop\.js$/,
  /^(page\/)?(LICENSE|THIRD-PARTY-NOTICES\.txt|DATA-ATTRIBUTION\.md)$/,
  /^icons\/[a-z-]+(@[12]x)?\.png$/,
  /^page\/index\.html$/,
  /^page\/page\.js(\.LICENSE\.txt)?$/,
  /^page\/packed\/engine\.worker\.js\.js$/,
  /^page\/packed\/models\/[\w.-]+\.(onnx|json)\.js$/,
  /^page\/packed\/ort\/[\w.-]+\.wasm\.js$/,
];
/** For developers, not for people: stays in the folder. */
const leftOut = [/\.map$/];

/** Larger than this, something is in it twice. */
const MAX_BYTES = 64 << 20;

function filesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}

/**
 * What is wrong with a built plugin, sentence by sentence; empty where nothing is.
 *
 * @param {string} folder the built plugin
 * @param {string} version the version that it must have
 * @returns {string[]}
 */
export function problemsOf(folder, version) {
  const problems = [];
  if (!existsSync(join(folder, 'manifest.json'))) return ['There is no manifest.json: run `npm run build` first.'];
  let manifest;
  try {
    manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  } catch (error) {
    return [`manifest.json is not JSON: ${error.message}.`];
  }
  problems.push(...manifestProblems(manifest, folder, version));
  for (const file of filesOf(folder)) {
    if (leftOut.some((pattern) => pattern.test(file))) continue;
    if (!expected.some((pattern) => pattern.test(file))) problems.push(`${file} does not belong into the plugin.`);
    // A path of the machine that built it tells strangers about it, and works nowhere else.
    else if (
      /\.(js|html|json)$/.test(file) &&
      !file.includes('/packed/') &&
      readFileSync(join(folder, file)).includes(process.cwd())
    )
      problems.push(`${file} holds a path of this machine.`);
  }
  for (const needed of ['LICENSE', 'THIRD-PARTY-NOTICES.txt', 'page/THIRD-PARTY-NOTICES.txt', 'page/index.html']) {
    if (!existsSync(join(folder, needed))) problems.push(`${needed} is missing.`);
  }
  return problems;
}

/** Manifest v5, for one host (Adobe, UXP "Manifest v5" and "Photoshop manifest"). */
function manifestProblems(manifest, folder, version) {
  const problems = [];
  const must = (ok, text) => {
    if (!ok) problems.push(`manifest.json: ${text}`);
  };
  must(manifest.manifestVersion === 5, 'manifestVersion must be 5.');
  must(/^[\w.-]+$/.test(manifest.id ?? ''), 'id is missing.');
  must(typeof manifest.name === 'string' && manifest.name.length > 0, 'name is missing.');
  must(/^\d+\.\d+\.\d+$/.test(manifest.version ?? ''), 'version must be of three numbers.');
  must(manifest.version === version, `version is ${manifest.version}, the package’s is ${version}.`);
  must(existsSync(join(folder, manifest.main ?? '?')), `main (${manifest.main}) is missing.`);
  must(!Array.isArray(manifest.host) && manifest.host?.app === 'PS', 'host must be one object, for PS.');
  must(/^\d+\.\d+\.\d+$/.test(manifest.host?.minVersion ?? ''), 'host.minVersion must be of three numbers.');
  // WebViews with local content came with Photoshop 26.0.
  must(Number(manifest.host?.minVersion?.split('.')[0]) >= 26, 'host.minVersion must be 26.0.0 or later.');
  must(manifest.host?.data?.apiVersion === 2, 'host.data.apiVersion must be 2.');
  // A command that upscales is recorded by what it does: as a menu command too, it would be played twice.
  must(!manifest.host?.data?.enableMenuRecording, 'host.data.enableMenuRecording must not be set.');
  const points = Array.isArray(manifest.entrypoints) ? manifest.entrypoints : [];
  must(points.length > 0, 'entrypoints are missing.');
  must(new Set(points.map(({ id }) => id)).size === points.length, 'every entry point needs an id of its own.');
  for (const { type, id, label } of points) {
    must(type === 'panel' || type === 'command', `the entry point ${id} is neither panel nor command.`);
    must(typeof (label?.default ?? label) === 'string', `the entry point ${id} has no label.`);
  }
  const granted = manifest.requiredPermissions ?? {};
  const { webview = {}, localFileSystem, ...others } = granted;
  must(localFileSystem === 'plugin', 'localFileSystem must be “plugin”: nothing more is needed.');
  must(Object.keys(others).length === 0, `the permissions ${Object.keys(others).join(', ')} are not needed.`);
  must(
    webview.allow === 'yes' && webview.allowLocalRendering === 'yes',
    'the WebView needs allow and allowLocalRendering.',
  );
  must(webview.enableMessageBridge === 'localOnly', 'enableMessageBridge must be “localOnly”.');
  must(Array.isArray(webview.domains) && webview.domains.length === 0, 'webview.domains must be an empty list.');
  const icons = [...(manifest.icons ?? []), ...points.flatMap((point) => point.icons ?? [])];
  must(icons.length > 0, 'icons are missing.');
  for (const { path, width, height, scale = [1] } of icons) {
    for (const factor of scale) {
      const file = path.replace(/\.png$/, `@${factor}x.png`);
      const size = pngSize(join(folder, file));
      must(size !== null, `the icon ${file} is missing.`);
      if (size)
        must(size[0] === width * factor && size[1] === height * factor, `the icon ${file} is ${size.join('×')}.`);
    }
  }
  return problems;
}

/** Width and height as a PNG's header says (ISO 15948, 11.2.2); null where there is none. */
function pngSize(path) {
  if (!existsSync(path)) return null;
  const bytes = readFileSync(path);
  return bytes.length > 24 ? [bytes.readUInt32BE(16), bytes.readUInt32BE(20)] : null;
}

/**
 * Writes the .ccx. The same folder gives the same file, byte for byte.
 *
 * @returns {Promise<{ bytes: number, files: string[] }>}
 * @throws where it is larger than a plugin should be
 */
export async function writeCcx(folder, target) {
  await mkdir(dirname(target), { recursive: true });
  const zip = new ZipFile();
  const files = filesOf(folder).filter((file) => !leftOut.some((pattern) => pattern.test(file)));
  for (const file of files) {
    zip.addBuffer(readFileSync(join(folder, file)), file, {
      mtime: new Date(Date.UTC(2026, 0, 1)),
      mode: 0o100644,
      compressionLevel: file.endsWith('.png') ? 0 : 9,
    });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(target));
  const { size } = statSync(target);
  if (size > MAX_BYTES)
    throw new Error(`${relative('.', target)} has ${size} bytes; more than ${MAX_BYTES} is a mistake.`);
  return { bytes: size, files };
}

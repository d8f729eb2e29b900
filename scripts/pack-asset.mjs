import { gunzipSync, gzipSync } from 'node:zlib';

/**
 * A file as a classic script that hands its content over (src/hosts/photoshop/packed-assets.ts). Compressed, because reading
 * a long string is what a browser is slow at: ONNX Runtime's 14 MB took it 2 s as they are, and less than half of that so.
 *
 * @param {string} name
 * @param {Uint8Array | string} content
 */
export function packAsset(name, content) {
  const base64 = gzipSync(content, { level: 9 }).toString('base64');
  return `lwayAsset(${JSON.stringify(name)},${JSON.stringify(base64)});\n`;
}

/**
 * The content of a script that {@link packAsset} made.
 *
 * @param {string} script
 */
export function unpackAsset(script) {
  return gunzipSync(Buffer.from(/,"([^"]*)"\);\s*$/.exec(script)[1], 'base64'));
}

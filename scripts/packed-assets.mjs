// A webpack plugin: files as classic scripts that hand their content over as base64, for a page that can fetch nothing
// (src/hosts/photoshop/packed-assets.ts).
import { readFile } from 'node:fs/promises';
import webpack from 'webpack';

export class PackedAssetsPlugin {
  /**
   * @param {Record<string, string>} files name in the page → path of a file
   * @param {string[]} chunks files of this very build that are packed as well, and not left beside
   */
  constructor(files, chunks) {
    this.files = files;
    this.chunks = chunks;
  }

  apply(compiler) {
    const { Compilation, sources } = webpack;
    compiler.hooks.thisCompilation.tap('PackedAssets', (compilation) => {
      const emit = (name, bytes) => {
        const text = `lwayAsset(${JSON.stringify(name)},${JSON.stringify(bytes.toString('base64'))});\n`;
        compilation.emitAsset(`packed/${name}.js`, new sources.RawSource(text), { minimized: true });
      };
      const stage = { name: 'PackedAssets', stage: Compilation.PROCESS_ASSETS_STAGE_REPORT };
      compilation.hooks.processAssets.tapPromise(stage, async () => {
        for (const [name, path] of Object.entries(this.files)) {
          compilation.fileDependencies.add(path);
          emit(name, await readFile(path));
        }
        for (const name of this.chunks) {
          emit(name, Buffer.from(compilation.getAsset(name).source.buffer()));
          compilation.deleteAsset(name);
        }
      });
    });
  }
}

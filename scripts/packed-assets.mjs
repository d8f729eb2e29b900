import { readFile } from 'node:fs/promises';
import webpack from 'webpack';
import { packAsset } from './pack-asset.mjs';

/** A webpack plugin: files, and parts of the build itself, as classic scripts for a page that can fetch nothing. */
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
        compilation.emitAsset(`packed/${name}.js`, new sources.RawSource(packAsset(name, bytes)), { minimized: true });
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

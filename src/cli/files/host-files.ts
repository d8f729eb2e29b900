import { rm } from 'node:fs/promises';
import type { PixelSource } from '../../engine/raster/raster';
import { decode, readHeader } from './decode';
import { encode } from './encode';
import { formats } from './formats';
import { PictureSink } from './picture-sink';
import { nothingCarried } from './metadata/carry';
import { profileFields } from './vips-file';

/** Bytes of result that are in memory at a time while it is written. */
const bandBytes = 2 ** 24;

/** Pictures in files for editors that take and give files; the work files lie beside them and go with `close`. */
export const hostFiles = {
  async open(signal: AbortSignal, path: string): Promise<{ source: PixelSource; close(): Promise<void> }> {
    const work = `${path}.v`;
    const source = await decode(signal, path, await readHeader(signal, path), work);
    return {
      source,
      close: async () => {
        await source.close();
        await rm(work, { force: true });
      },
    };
  },

  /** Writes a PNG, band by band. */
  async write(
    signal: AbortSignal,
    source: PixelSource,
    path: string,
    onProgress: (done: number) => void,
  ): Promise<void> {
    const { info } = source;
    const work = `${path}.v`;
    const sink = new PictureSink(work, {
      metadata: profileFields(info.iccProfile),
      label: path,
    });
    try {
      await sink.begin(signal, info);
      const rows = Math.max(1, Math.floor(bandBytes / (info.width * info.channels * 4)));
      for (let y = 0; y < info.height; y += rows) {
        const height = Math.min(rows, info.height - y);
        await sink.write(signal, 0, y, await source.read(signal, { x: 0, y, width: info.width, height }));
        onProgress((y + height) / info.height / 2);
      }
      await sink.end(signal);
      const metadata = { ...nothingCarried, resolution: info.resolution ?? 72 };
      await encode(signal, work, sink.info, path, { format: formats.png, metadata, label: path });
      onProgress(1);
    } finally {
      await sink.close();
      await rm(work, { force: true });
    }
  },
};

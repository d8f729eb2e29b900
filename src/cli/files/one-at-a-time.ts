import type { PixelSource, Rect } from '../../engine';
import type { PictureHeader } from './header';
import { decode } from './decode';
import { encodingOf, regionOf, type PictureSource } from './picture-source';
import type { Target } from './targets';
import { pathOf } from './targets';
import { Workspace } from './workspace';

/** A picture whose header has been read. */
export interface Readable {
  readonly target: Target;
  readonly header: PictureHeader;
}

/**
 * Pictures of which one at a time is decoded, when it is first asked for: for a reader that is done with one before it
 * begins with the next. So however many there are, they take the room of the largest, in a work file beside its result.
 */
export class OneAtATime<T extends Readable> {
  /** In the order of the pictures. */
  readonly sources: readonly PixelSource[];
  /** The picture that could not be decoded, once one could not. */
  failed: T | null = null;
  private current: { picture: T; source: PictureSource; workspace: Workspace } | null = null;

  constructor(pictures: readonly T[], region?: Rect) {
    this.sources = pictures.map((picture) => {
      const { width, height, channels, bitDepth } = picture.header;
      const source: PixelSource = {
        info: { width, height, channels, bitDepth, encoding: encodingOf(bitDepth) },
        read: async (signal, rect) => (await this.open(signal, picture)).read(signal, rect),
      };
      return region ? regionOf(source, region) : source;
    });
  }

  private async open(signal: AbortSignal, picture: T): Promise<PictureSource> {
    if (this.current?.picture === picture) return this.current.source;
    await this.close();
    const { header, target } = picture;
    let workspace: Workspace | null = null;
    try {
      workspace = await Workspace.beside(pathOf(target));
      await workspace.require(header.bytes);
      const source = await decode(signal, target.input, header, workspace.path('sample.v'));
      this.current = { picture, source, workspace };
      return source;
    } catch (error) {
      workspace?.remove();
      this.failed ??= picture;
      throw error;
    }
  }

  /** Removes what is decoded. */
  async close(): Promise<void> {
    const { current } = this;
    this.current = null;
    await current?.source.close();
    current?.workspace.remove();
  }
}

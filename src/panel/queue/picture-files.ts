import type { PixelSource } from '../../engine';
import type { PictureMetadata } from '../../pictures/picture';

/** A picture from a file. */
export interface DecodedPicture {
  readonly source: PixelSource;
  /** What the file says of its picture besides; goes along into the result's. */
  readonly metadata?: PictureMetadata;
  /** What was done to the picture, or cannot be kept: whole sentences. */
  readonly notices?: readonly string[];
}

/** How results are written. */
export interface OutputFormat {
  /** Id of one of {@link PictureFiles.formats}; `same`: that of the original, or PNG where it cannot be written. */
  readonly format: string;
  /** 1..100, where the format loses something. */
  readonly quality: number;
}

/** Reads and writes files of pictures, in a page that can. */
export interface PictureFiles {
  readonly formats: readonly { readonly id: string; readonly name: string; readonly lossy: boolean }[];
  /** @throws LWayError where it is no picture that can be read */
  decode(signal: AbortSignal, name: string, bytes: Uint8Array): Promise<DecodedPicture>;
  /**
   * @param name of the original
   * @param scale how much larger the result is
   * @returns the result's file, called like the original: `photo-x4.jpg`
   */
  encode(
    signal: AbortSignal,
    result: PixelSource,
    about: OutputFormat & { name: string; scale: number; metadata?: PictureMetadata },
  ): Promise<{ name: string; file: Blob }>;
}

/** Where files are kept so that they outlive the page. */
export interface FileFolder {
  get(name: string): Promise<File>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  delete(name: string): Promise<void>;
}

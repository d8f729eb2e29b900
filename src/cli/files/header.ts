import type { Channels } from '../../engine';
import type { Picture } from '../../pictures/picture';
import type { OwnFormat } from '../../pictures/read';

/** What the header of a picture file says. */
export interface PictureHeader {
  /** What people call it. */
  name: string;
  /** Size with the EXIF orientation applied. */
  width: number;
  height: number;
  /** After conversion to what LWay works in: CMYK and Lab count as RGB. */
  channels: Channels;
  bitDepth: 8 | 16 | 32;
  /** What is not as one may think: frames left out, colours converted. */
  notices: string[];
  /** sharp's name of the colour space to decode to. */
  space: string;
  /** Which of several pictures in the file. */
  page: number;
  /** Read by LWay itself, not by libvips. */
  own?: OwnFormat;
  /** A drawing without pixels: it is drawn at the result's size, without a network. */
  drawing?: boolean;
  /** What a picture of {@link own} says of itself. */
  said?: Pick<Picture, 'exif' | 'xmp' | 'iptc' | 'resolution'>;
  /** Colours are converted to sRGB while decoding, and the profile with them. */
  convert: boolean;
  /** The pixels are turned upright while they are decoded. */
  turned: boolean;
  /** Values the decoded file takes on disk. */
  bytes: number;
}

import type { MetadataField } from './vips-file';

/** What travels from a picture to its upscaled form; thumbnails, animation and palettes do not fit any more. */
const carried = /^(icc-profile-data|exif-data|exif-ifd[0234]-.*|xmp-data|iptc-data|resolution-unit|orientation)$/;

/**
 * XMP repeats what the file itself says: orientation and size. The pixels are upright now and more in number, and
 * programs that trust XMP would turn the picture a second time.
 */
export function updateXmp(xmp: string, width: number, height: number): string {
  const set = (text: string, name: string, value: number) =>
    text
      .replace(new RegExp(`(\\b${name}\\s*=\\s*["'])\\d+(["'])`, 'g'), `$1${value}$2`)
      .replace(new RegExp(`(<${name}>)\\d+(</${name}>)`, 'g'), `$1${value}$2`);
  let text = set(xmp, 'tiff:Orientation', 1);
  for (const name of ['tiff:ImageWidth', 'exif:PixelXDimension']) text = set(text, name, width);
  for (const name of ['tiff:ImageLength', 'exif:PixelYDimension']) text = set(text, name, height);
  return text;
}

/** The metadata of a picture, made fit for its result of `width`×`height` pixels. */
export function carryMetadata(fields: readonly MetadataField[], width: number, height: number): MetadataField[] {
  return fields
    .filter(({ name }) => carried.test(name))
    .map((entry) => {
      if (entry.name === 'orientation') return { ...entry, value: '1' };
      if (entry.name !== 'xmp-data') return entry;
      const xmp = Buffer.from(entry.value, 'base64').toString('utf8');
      return { ...entry, value: Buffer.from(updateXmp(xmp, width, height), 'utf8').toString('base64') };
    });
}

/** The ICC profile among the fields, if there is one. */
export function iccProfileOf(fields: readonly MetadataField[]): Uint8Array | undefined {
  const entry = fields.find(({ name }) => name === 'icc-profile-data');
  return entry ? new Uint8Array(Buffer.from(entry.value, 'base64')) : undefined;
}

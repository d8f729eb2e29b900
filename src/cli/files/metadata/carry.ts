import type { Format } from '../formats';
import { tags } from '../../../pictures/exif-tags';
import { textAsExif, type PngText } from '../../../pictures/png-text';
import { carryExif, isEmpty, minimalExif, withEntry, type Exif } from './exif';
import type { Entry } from '../../../pictures/tiff/entries';
import { iptcIntoXmp } from '../../../pictures/iptc-xmp';
import type { PictureMetadata } from './read';
import { carryXmp } from '../../../pictures/xmp';

/** `minimal`: who made the picture and whose it is; `strip`: nothing. Colour and resolution always stay. */
export type MetadataChoice = 'keep' | 'minimal' | 'strip';

/** What is written into a result. */
export interface ResultMetadata {
  readonly exif: Exif | null;
  readonly xmp: string | null;
  readonly iptc: Buffer | null;
  readonly text: readonly PngText[];
  /** Colour by code points, for HDR, which no profile can say. */
  readonly codes: readonly [primaries: number, transfer: number] | null;
  /** Pixels per inch. */
  readonly resolution: number | null;
}

export const nothingCarried: ResultMetadata = {
  exif: null,
  xmp: null,
  iptc: null,
  text: [],
  codes: null,
  resolution: null,
};

/**
 * A picture's metadata made fit for its result: upright, of this size, in this format.
 * @returns also what cannot come along, in words for people that go on from the picture's name
 */
export function carryMetadata(
  said: PictureMetadata,
  format: Format,
  width: number,
  height: number,
  choice: MetadataChoice = 'keep',
): { metadata: ResultMetadata; notices: string[] } {
  const notices: string[] = [];
  const { transfer } = said.colour ?? {};
  const hdr = transfer === 'pq' || transfer === 'hlg';
  const byCodes = format.name === 'png';
  if (hdr) {
    const name = transfer === 'pq' ? 'PQ' : 'HLG';
    notices.push(
      byCodes
        ? `is an HDR picture (${name}), and so is the result; the network treats its values as those of an ordinary picture.`
        : `is an HDR picture (${name}), which LWay cannot record in ${format.label}: the result looks pale. Use --format png instead.`,
    );
  }
  if (said.gainMap)
    notices.push(
      'has a gain map, which brightens it on HDR screens; the gain map is left out, and the result is the plain picture.',
    );
  const codes = hdr && byCodes ? said.codes : null;
  const bare = { exif: null, xmp: null, iptc: null, text: [], codes, resolution: said.resolution };
  if (choice === 'strip') return { metadata: bare, notices };
  if (choice === 'minimal') {
    const exif = said.exif && minimalExif(said.exif);
    return { metadata: { ...bare, exif: exif && !isEmpty(exif) ? exif : null }, notices };
  }
  let exif = said.exif && carryExif(said.exif, width, height, said.resolution);
  if (format.name !== 'png' && said.text.length > 0) {
    const { into, left } = textIntoExif(said.text, exif);
    exif = into;
    if (left.length > 0)
      notices.push(
        `has text under ${left.map((key) => `"${key}"`).join(', ')}, which ${format.label} cannot hold: use --format png to keep it.`,
      );
  }
  // With EXIF in the file, that says how the picture was turned, and XMP only repeats it.
  const turned = said.turned || said.exif?.image.some(({ tag }) => tag === tags.orientation) === true;
  let xmp = said.xmp === null ? null : carryXmp(said.xmp, { width, height, turned });
  if (said.iptc && (format.name === 'webp' || format.name === 'avif')) {
    const { xmp: both, left } = iptcIntoXmp(said.iptc, xmp);
    xmp = both;
    notices.push(
      left
        ? `has IPTC data, which ${format.label} cannot hold; what XMP can express is written as XMP, the rest is left out.`
        : `has IPTC data, which ${format.label} cannot hold; it is written as XMP.`,
    );
  }
  return {
    metadata: { ...bare, exif: exif && !isEmpty(exif) ? exif : null, xmp, iptc: said.iptc, text: said.text },
    notices,
  };
}

function textIntoExif(texts: readonly PngText[], exif: Exif | null): { into: Exif; left: string[] } {
  const { image, exif: camera, gps, interoperability } = exif ?? { image: [], exif: [], gps: [], interoperability: [] };
  const found = textAsExif(texts, (wanted) => [...image, ...camera].some(({ tag }) => tag === wanted));
  const merged = (into: Exif['image'], added: readonly Entry[]) =>
    added.reduce((all, entry) => withEntry(all, { ...entry, value: Buffer.from(entry.value) }), into);
  const into = { image: merged(image, found.image), exif: merged(camera, found.camera), gps, interoperability };
  return { into, left: found.left };
}

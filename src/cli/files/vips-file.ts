/**
 * libvips' own uncompressed file format (".v"): a header of 64 bytes, the interleaved pixels row after row, and the
 * metadata as XML. LWay decodes inputs into such a file and lets the result grow in another one: every row has a fixed
 * place, so pieces can be read and written in any order while only the piece itself is in memory, and ICC profile,
 * EXIF and XMP travel in the trailer untouched.
 * Layout: libvips, libvips/iofuncs/vips.c ("write a header").
 */
import { LWayError } from '../../engine';

export const headerBytes = 64;

/** Band formats by libvips' number (VipsBandFormat). */
export const sampleTypes = {
  uint8: { number: 0, bytes: 1 },
  uint16: { number: 2, bytes: 2 },
  float32: { number: 6, bytes: 4 },
  float64: { number: 8, bytes: 8 },
} as const;
export type SampleType = keyof typeof sampleTypes;

/** Colour spaces by libvips' number (VipsInterpretation) and by sharp's name. */
export const colourSpaces = {
  'b-w': 1,
  srgb: 22,
  rgb16: 25,
  grey16: 26,
  scrgb: 28,
} as const;
export type ColourSpace = keyof typeof colourSpaces;

export interface VipsHeader {
  width: number;
  height: number;
  bands: number;
  sample: SampleType;
  space: ColourSpace;
  /** Pixels per millimetre. */
  xResolution: number;
  yResolution: number;
}

// libvips writes in the byte order of the machine; all that Node's prebuilt sharp runs on is little-endian.
const magic = 0x08f2a6b6;

export function encodeHeader(header: VipsHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeInt32LE(header.width, 4);
  bytes.writeInt32LE(header.height, 8);
  bytes.writeInt32LE(header.bands, 12);
  bytes.writeInt32LE(0, 16);
  bytes.writeInt32LE(sampleTypes[header.sample].number, 20);
  bytes.writeInt32LE(0, 24); // uncoded
  bytes.writeInt32LE(colourSpaces[header.space], 28);
  bytes.writeFloatLE(header.xResolution, 32);
  bytes.writeFloatLE(header.yResolution, 36);
  return bytes;
}

/** @throws LWayError `unsupported` for samples or colour spaces that LWay does not work in */
export function decodeHeader(bytes: Buffer): VipsHeader {
  const sampleNumber = bytes.readInt32LE(20);
  const spaceNumber = bytes.readInt32LE(28);
  const sample = (Object.keys(sampleTypes) as SampleType[]).find((key) => sampleTypes[key].number === sampleNumber);
  const space = (Object.keys(colourSpaces) as ColourSpace[]).find((key) => colourSpaces[key] === spaceNumber);
  if (bytes.length < headerBytes || bytes.readUInt32LE(0) !== magic || !sample || !space) {
    throw new LWayError(
      'unsupported',
      'The picture holds its pixels in a form that LWay does not read.',
      'Save it as 8 or 16 bit RGB or grayscale, or as 32-bit float TIFF.',
    );
  }
  return {
    width: bytes.readInt32LE(4),
    height: bytes.readInt32LE(8),
    bands: bytes.readInt32LE(12),
    sample,
    space,
    xResolution: bytes.readFloatLE(32),
    yResolution: bytes.readFloatLE(36),
  };
}

/** One metadata field as the trailer spells it: `value` stays escaped, and base64 for blobs. */
export interface MetadataField {
  type: string;
  name: string;
  value: string;
}

const field = /<field type="([^"]*)" name="([^"]*)">([^<]*)<\/field>/g;

export function decodeTrailer(xml: string): MetadataField[] {
  const meta = xml.slice(Math.max(0, xml.indexOf('<meta>')));
  return [...meta.matchAll(field)].map(([, type, name, value]) => ({ type: type!, name: name!, value: value! }));
}

export function encodeTrailer(fields: readonly MetadataField[]): string {
  const lines = fields.map(({ type, name, value }) => `    <field type="${type}" name="${name}">${value}</field>`);
  return [
    '<?xml version="1.0"?>',
    '<root xmlns="http://www.vips.ecs.soton.ac.uk/vips/8.18.7">',
    '  <header>',
    '    <field type="VipsRefString" name="Hist"></field>',
    '  </header>',
    '  <meta>',
    ...lines,
    '  </meta>',
    '</root>',
    '',
  ].join('\n');
}

const profileName = 'icc-profile-data';

/** The ICC profile among the fields, if there is one. */
export function iccProfileOf(fields: readonly MetadataField[]): Uint8Array | undefined {
  const entry = fields.find(({ name }) => name === profileName);
  return entry ? new Uint8Array(Buffer.from(entry.value, 'base64')) : undefined;
}

/** Fields that hold a profile, and nothing else. */
export function profileFields(profile: Uint8Array | null | undefined): MetadataField[] {
  return profile ? [blobField(profileName, profile)] : [];
}

export function blobField(name: string, bytes: Uint8Array): MetadataField {
  return { type: 'VipsBlob', name, value: Buffer.from(bytes).toString('base64') };
}

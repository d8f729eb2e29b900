/** A whole packet as text; where it is no XML that can be understood it stays as it is but for what is cut out. */

/** Elements and attributes that show the picture, or parts of its file, as it was: by namespace and name (all, where left out). */
const showing: readonly [namespace: string, name?: string][] = [
  ['http://ns.adobe.com/xap/1.0/', 'Thumbnails'],
  ['http://ns.adobe.com/xap/1.0/g/img/'],
  ['http://ns.google.com/photos/1.0/image/'],
  ['http://ns.google.com/photos/1.0/depthmap/'],
  ['http://ns.google.com/photos/1.0/camera/'],
  ['http://ns.google.com/photos/1.0/container/'],
  ['http://ns.google.com/photos/1.0/container/item/'],
  ['http://ns.google.com/photos/dd/1.0/device/'],
  ['http://ns.adobe.com/hdr-gain-map/1.0/'],
  ['http://ns.apple.com/HDRGainMap/1.0/'],
  ['http://ns.adobe.com/xmp/note/', 'HasExtendedXMP'],
  // What was cut away, and where faces are in what was whole.
  ['http://www.metadataworkinggroup.com/schemas/regions/', 'Regions'],
  ['http://ns.adobe.com/camera-raw-settings/1.0/'],
];

/** A JPEG or PNG as base64. */
const picture = '\\s*(?:/9j/|iVBORw0KGgo)[A-Za-z0-9+/=\\s&#;x]{100,}';

export interface XmpChange {
  /** Of the picture as it now is; left out where that stays as it was. */
  width?: number;
  height?: number;
  /** The pixels were turned as the file said, so that this must not turn them again. */
  turned: boolean;
}

/** A packet made fit for the result. */
export function carryXmp(xmp: string, { width, height, turned }: XmpChange): string {
  let text = xmp;
  for (const [namespace, name] of showing) {
    for (const prefix of prefixesOf(text, namespace)) text = without(text, prefix, name ?? '[\\w.-]+');
  }
  text = text
    .replace(new RegExp(`\\s[\\w.-]+:[\\w.-]+\\s*=\\s*"${picture}"`, 'g'), '')
    .replace(new RegExp(`<([\\w.-]+:[\\w.-]+)[^<>]*>${picture}</\\1>`, 'g'), '');
  const set = (name: string, value: number | undefined) => {
    if (value === undefined) return;
    text = text
      .replace(new RegExp(`(\\b${name}\\s*=\\s*["'])\\d+(["'])`, 'g'), `$1${value}$2`)
      .replace(new RegExp(`(<${name}>)\\d+(</${name}>)`, 'g'), `$1${value}$2`);
  };
  if (turned) set('tiff:Orientation', 1);
  for (const name of ['tiff:ImageWidth', 'exif:PixelXDimension']) set(name, width);
  for (const name of ['tiff:ImageLength', 'exif:PixelYDimension']) set(name, height);
  return text;
}

/** Whether it tells of a second picture that makes this one brighter on an HDR screen. */
export function hasGainMap(xmp: string): boolean {
  return /ns\.adobe\.com\/hdr-gain-map|ns\.apple\.com\/HDRGainMap/.test(xmp);
}

function prefixesOf(xmp: string, namespace: string): string[] {
  const pattern = new RegExp(`xmlns:([\\w.-]+)\\s*=\\s*["']${namespace.replace(/[.?+]/g, '\\$&')}["']`, 'g');
  return [...new Set([...xmp.matchAll(pattern)].map(([, prefix]) => prefix!))];
}

function without(xmp: string, prefix: string, name: string): string {
  const qualified = `${prefix}:${name}`;
  return xmp
    .replace(new RegExp(`<(${qualified})(?:\\s[^<>]*)?(?:/>|>[^]*?</\\1\\s*>)`, 'g'), '')
    .replace(new RegExp(`\\s(?!xmlns:)${qualified}\\s*=\\s*(?:"[^"]*"|'[^']*')`, 'g'), '');
}

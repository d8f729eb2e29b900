import { initializeCanvas, readPsd } from 'ag-psd';
import { resources } from './iptc';
import { checkPixels, cutOff, Damaged, unsupported, viewOf, type Picture } from './picture';

type CreateImageData = NonNullable<Parameters<typeof initializeCanvas>[1]>;

const flattening = 'Export it as PNG or TIFF from the program that made it.';

/** Photoshop's flattened picture, which it keeps beside the layers unless told not to. */
export function readFlattened(bytes: Uint8Array): Picture {
  if (bytes.length < 26) throw cutOff();
  const view = viewOf(bytes);
  const [depth, mode] = [view.getUint16(22), view.getUint16(24)];
  checkPixels(view.getUint32(18), view.getUint32(14));
  if (mode !== 3 && mode !== 1) {
    const names: Record<number, string> = {
      0: 'a bitmap',
      2: 'indexed',
      4: 'CMYK',
      7: 'multichannel',
      8: 'duotone',
      9: 'Lab',
    };
    throw unsupported(
      `is a Photoshop file in ${names[mode] ?? 'another'} mode`,
      'Convert it to RGB or grayscale (Image > Mode) and save it again.',
    );
  }
  if (depth !== 8 && depth !== 16) throw unsupported(`is a Photoshop file of ${depth} bits`);
  checkWhole(bytes, depth);
  // No canvas is needed for the flattened picture, and Node has none.
  initializeCanvas(
    () => {
      throw new Damaged('it cannot be read without a canvas');
    },
    (width, height) =>
      ({ width, height, data: new Uint8ClampedArray(width * height * 4) }) as unknown as ReturnType<CreateImageData>,
  );
  const psd = readPsd(bytes, {
    useImageData: true,
    skipLayerImageData: true,
    skipThumbnail: true,
    throwForMissingFeatures: false,
  });
  const picture = psd.imageData;
  if (!picture) throw unsupported('is a Photoshop file without a flattened picture in it', flattening);
  const { width, height } = psd;
  const source = picture.data as Uint8Array | Uint8ClampedArray | Uint16Array;
  const wide = source instanceof Uint16Array;
  const white = wide ? 65535 : 255;
  let opaque = true;
  for (let i = 3; i < source.length && opaque; i += 4) opaque = source[i] === white;
  const gray = mode === 1;
  const colours = gray ? 1 : 3;
  const channels = (opaque ? colours : colours + 1) as Picture['channels'];
  const count = width * height * channels;
  const data = wide ? new Uint16Array(count) : new Uint8Array(count);
  for (let i = 0, o = 0; o < count; i += 4) {
    for (let c = 0; c < colours; c++) data[o++] = source[i + c]!;
    if (!opaque) data[o++] = source[i + 3]!;
  }
  const layers = psd.children?.length ?? 0;
  const notice = layers > 1 ? `has ${layers} layers; the flattened picture is taken.` : undefined;
  return { width, height, channels, data, notice, ...resourcesOf(bytes) };
}

/** The library takes what is missing at the end for black. @throws Damaged where the flattened picture is cut off */
function checkWhole(bytes: Uint8Array, depth: number): void {
  const view = viewOf(bytes);
  const large = view.getUint16(4) === 2;
  const [channels, height, width] = [view.getUint16(12), view.getUint32(14), view.getUint32(18)];
  const number = (at: number, long: boolean) => (long ? Number(view.getBigUint64(at)) : view.getUint32(at));
  let at = 26;
  // Colour mode data, resources, layers: each with its length before it.
  for (let section = 0; section < 3; section++) {
    const long = large && section === 2;
    if (at + (long ? 8 : 4) > bytes.length) throw cutOff();
    at += (long ? 8 : 4) + number(at, long);
  }
  if (at + 2 > bytes.length) throw cutOff();
  const compression = view.getUint16(at);
  at += 2;
  const rows = channels * height;
  let needed = 0;
  if (compression === 0) needed = (rows * width * depth) / 8;
  if (compression === 1) {
    const bytesEach = large ? 4 : 2;
    if (at + bytesEach * rows > bytes.length) throw cutOff();
    needed = bytesEach * rows;
    for (let row = 0; row < rows; row++) needed += large ? view.getUint32(at + 4 * row) : view.getUint16(at + 2 * row);
  }
  if (at + needed > bytes.length) throw cutOff();
}

/** What stands among the image resources that LWay carries along. */
function resourcesOf(bytes: Uint8Array): Pick<Picture, 'iccProfile' | 'resolution' | 'exif' | 'xmp' | 'iptc'> {
  const view = viewOf(bytes);
  const found: { -readonly [key in 'iccProfile' | 'resolution' | 'exif' | 'xmp' | 'iptc']?: Picture[key] } = {};
  const at = 26 + 4 + view.getUint32(26);
  for (const { number, data } of resources(bytes.subarray(at + 4, at + 4 + view.getUint32(at)))) {
    if (number === 1005 && data.length >= 4) found.resolution = viewOf(data).getUint32(0) / 65536 || undefined;
    if (number === 1028) found.iptc = new Uint8Array(data);
    if (number === 1039) found.iccProfile = new Uint8Array(data);
    if (number === 1058) found.exif = new Uint8Array(data);
    if (number === 1060) found.xmp = new TextDecoder().decode(data);
  }
  return found;
}

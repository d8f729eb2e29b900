import { writePsdUint8Array, type Layer as PsdLayer } from 'ag-psd';
import { breathe, LWayError, type PixelSource } from '../../../engine';
import type { PictureMetadata } from '../../../pictures/picture';
import { blocks, toRgba } from '../pixels';
import { scaled } from '../scaled';
import type { OpenDocument } from '../workspace';
import { composite } from './composite';

/** Longest side of a PSD (Adobe Photoshop File Formats Specification); a PSB may have ten times as much. */
const psdSide = 30_000;
/** Pixels of all layers and of the composite together: the file is put together in memory, 4 bytes a pixel. */
const maxPixels = 200_000_000;

/** @throws LWayError `too-large` where the document cannot be written as layers, before any work */
export function checkPsd(document: OpenDocument): void {
  const { width, height, layers } = document.state;
  if (Math.max(width, height) > psdSide) {
    throw new LWayError(
      'too-large',
      `A PSD has at most ${psdSide} pixels on each side; this document has ${width} × ${height}.`,
      'Export it as PNG instead.',
    );
  }
  const pixels = layers.reduce((sum, { bounds }) => sum + bounds.width * bounds.height, width * height);
  if (pixels > maxPixels) {
    throw new LWayError(
      'too-large',
      `The layers have ${Math.round(pixels / 1e6)} megapixels together; this page can write a PSD of up to ${maxPixels / 1e6}.`,
      'Export it as PNG instead, or upscale a smaller region.',
    );
  }
}

/**
 * A layered PSD, 8 bits per channel, with profile and resolution; hidden layers stay hidden.
 * @param metadata fit for this picture
 */
export async function writePsd(
  signal: AbortSignal,
  document: OpenDocument,
  onProgress: (done: number) => void = () => undefined,
  metadata: PictureMetadata = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkPsd(document);
  const { width, height, layers } = document.state;
  const total = layers.reduce((sum, { bounds }) => sum + bounds.width * bounds.height, width * height);
  let done = 0;
  const read = async (source: PixelSource) => {
    const { info } = source;
    const data = new Uint8ClampedArray(info.width * info.height * 4);
    for (const block of blocks({ x: 0, y: 0, width: info.width, height: info.height })) {
      const rgba = toRgba(await source.read(signal, block));
      for (let row = 0; row < block.height; row++) {
        const from = row * block.width * 4;
        data.set(rgba.subarray(from, from + block.width * 4), ((block.y + row) * info.width + block.x) * 4);
      }
      done += block.width * block.height;
      onProgress(done / total);
      await breathe();
    }
    return { width: info.width, height: info.height, data };
  };
  const children: PsdLayer[] = [];
  // A PSD lists its layers from the bottom up.
  for (const { name, visible, bounds, pixels } of [...layers].reverse()) {
    children.push({
      name,
      hidden: !visible,
      left: bounds.x,
      top: bounds.y,
      imageData: await read(scaled(pixels, bounds.width, bounds.height)),
    });
  }
  const resolution = document.resolution;
  const psd = writePsdUint8Array({
    width,
    height,
    children,
    imageData: await read(composite(document)),
    imageResources: resolution
      ? {
          resolutionInfo: {
            horizontalResolution: resolution,
            horizontalResolutionUnit: 'PPI',
            widthUnit: 'Inches',
            verticalResolution: resolution,
            verticalResolutionUnit: 'PPI',
            heightUnit: 'Inches',
          },
        }
      : undefined,
  }) as Uint8Array<ArrayBuffer>;
  return withResources(psd, [
    [1039, document.iccProfile],
    [1028, metadata.iptc],
    [1058, metadata.exif],
    [1060, metadata.xmp === undefined ? undefined : new TextEncoder().encode(metadata.xmp)],
  ]);
}

/** Puts image resources into a finished PSD that ag-psd does not write: profile and metadata, by their numbers. */
function withResources(
  psd: Uint8Array<ArrayBuffer>,
  resources: readonly (readonly [number: number, data: Uint8Array | undefined])[],
): Uint8Array<ArrayBuffer> {
  const view = new DataView(psd.buffer, psd.byteOffset, psd.byteLength);
  const section = 26 + 4 + view.getUint32(26); // header, then colour mode data
  const there = resources.flatMap(([number, data]) => (data ? [{ number, data }] : []));
  const added = there.reduce((sum, { data }) => sum + 12 + data.length + (data.length & 1), 0);
  const out = new Uint8Array(psd.length + added);
  let at = section + 4;
  out.set(psd.subarray(0, at));
  out.set(psd.subarray(at), at + added);
  const block = new DataView(out.buffer);
  block.setUint32(section, view.getUint32(section) + added);
  for (const { number, data } of there) {
    block.setUint32(at, 0x3842494d); // 8BIM
    block.setUint16(at + 4, number);
    block.setUint16(at + 6, 0); // no name
    block.setUint32(at + 8, data.length);
    out.set(data, at + 12);
    at += 12 + data.length + (data.length & 1);
  }
  return out;
}

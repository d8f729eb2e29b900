import { writePsdUint8Array, type Layer as PsdLayer } from 'ag-psd';
import { breathe, LWayError, type PixelSource } from '../../../engine';
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

/** A layered PSD, 8 bits per channel, with profile and resolution; hidden layers stay hidden. */
export async function writePsd(
  signal: AbortSignal,
  document: OpenDocument,
  onProgress: (done: number) => void = () => undefined,
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
  return document.iccProfile ? withProfile(psd, document.iccProfile) : psd;
}

/** Puts the profile (image resource 1039) into a finished PSD: ag-psd does not write it. */
function withProfile(psd: Uint8Array, profile: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(psd.buffer, psd.byteOffset, psd.byteLength);
  const section = 26 + 4 + view.getUint32(26); // header, then colour mode data
  const at = section + 4;
  const padded = profile.length + (profile.length & 1);
  const out = new Uint8Array(psd.length + 12 + padded);
  out.set(psd.subarray(0, at));
  const block = new DataView(out.buffer, at, 12);
  block.setUint32(0, 0x3842494d); // 8BIM
  block.setUint16(4, 1039);
  block.setUint16(6, 0); // no name
  block.setUint32(8, profile.length);
  out.set(profile, at + 12);
  out.set(psd.subarray(at), at + 12 + padded);
  new DataView(out.buffer).setUint32(section, view.getUint32(section) + 12 + padded);
  return out;
}

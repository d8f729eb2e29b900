import { joinBytes } from './bytes';
import { textAt, viewOf } from './picture';

/**
 * Photoshop's image resources (Adobe Photoshop File Formats Specification), as PSD, JPEG's APP13 and ImageMagick's "8bim"
 * profiles hold them: signature, number, name, data.
 */
export function* resources(block: Uint8Array): Generator<{ number: number; data: Uint8Array }> {
  const view = viewOf(block);
  let at = textAt(block, 0, 13) === 'Photoshop 3.0' ? 14 : 0;
  while (at + 12 <= block.length && /8BIM|AgHg|DCSR|PHUT|MeSa/.test(textAt(block, at, at + 4))) {
    const number = view.getUint16(at + 4);
    const nameBytes = (block[at + 6]! + 2) & ~1;
    const sizeAt = at + 6 + nameBytes;
    if (sizeAt + 4 > block.length) return;
    const size = view.getUint32(sizeAt);
    const data = block.subarray(sizeAt + 4, sizeAt + 4 + size);
    if (data.length < size) return;
    yield { number, data };
    at = sizeAt + 4 + size + (size & 1);
  }
}

const iptcResource = 0x0404;

/**
 * The IPTC datasets (IPTC-IIM 4.2) in what a file calls so: bare, or among Photoshop's resources, whose thumbnails and
 * paths stay behind. Previews inside the datasets (2:200 to 2:202) go.
 */
export function readIptc(block: Uint8Array): Uint8Array | null {
  const bare = block[0] === 0x1c ? block : [...resources(block)].find(({ number }) => number === iptcResource)?.data;
  if (!bare) return null;
  const view = viewOf(bare);
  const parts: Uint8Array[] = [];
  for (let at = 0; at + 5 <= bare.length && bare[at] === 0x1c;) {
    const [record, dataset] = [bare[at + 1]!, bare[at + 2]!];
    let size = view.getUint16(at + 3);
    let head = 5;
    if (size & 0x8000) {
      // Extended: the number of bytes that the length itself takes.
      const bytes = size & 0x7fff;
      if (bytes < 1 || bytes > 4 || at + 5 + bytes > bare.length) break;
      size = 0;
      for (const byte of bare.subarray(at + 5, at + 5 + bytes)) size = size * 256 + byte;
      head += bytes;
    }
    const whole = bare.subarray(at, at + head + size);
    if (whole.length < head + size) break;
    if (!(record === 2 && dataset >= 200 && dataset <= 202) && record <= 3) parts.push(whole);
    at += head + size;
  }
  if (parts.length === 0) return null;
  return joinBytes(parts);
}

/** The datasets as Photoshop's resources, with the name that JPEG's APP13 begins with where `named`. */
export function writeIptc(datasets: Uint8Array, named: boolean): Uint8Array {
  const name = new TextEncoder().encode(named ? 'Photoshop 3.0\0' : '');
  const out = new Uint8Array(name.length + 12 + datasets.length + (datasets.length & 1));
  out.set(name);
  out.set(new TextEncoder().encode('8BIM'), name.length);
  const view = viewOf(out);
  view.setUint16(name.length + 4, iptcResource);
  view.setUint32(name.length + 8, datasets.length);
  out.set(datasets, name.length + 12);
  return out;
}

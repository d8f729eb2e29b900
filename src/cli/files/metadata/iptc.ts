/** Photoshop's image resources, as JPEG's APP13 and ImageMagick's "8bim" profiles hold them: signature, number, name, data. */
function* resources(block: Buffer): Generator<{ number: number; data: Buffer }> {
  let at = block.toString('latin1', 0, 13) === 'Photoshop 3.0' ? 14 : 0;
  while (at + 12 <= block.length && /8BIM|AgHg|DCSR|PHUT|MeSa/.test(block.toString('latin1', at, at + 4))) {
    const number = block.readUInt16BE(at + 4);
    const nameBytes = (block[at + 6]! + 2) & ~1;
    const sizeAt = at + 6 + nameBytes;
    if (sizeAt + 4 > block.length) return;
    const size = block.readUInt32BE(sizeAt);
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
export function readIptc(block: Buffer): Buffer | null {
  const bare = block[0] === 0x1c ? block : [...resources(block)].find(({ number }) => number === iptcResource)?.data;
  if (!bare) return null;
  const parts: Buffer[] = [];
  for (let at = 0; at + 5 <= bare.length && bare[at] === 0x1c;) {
    const [record, dataset] = [bare[at + 1]!, bare[at + 2]!];
    let size = bare.readUInt16BE(at + 3);
    let head = 5;
    if (size & 0x8000) {
      // Extended: the number of bytes that the length itself takes.
      const bytes = size & 0x7fff;
      if (bytes < 1 || bytes > 4 || at + 5 + bytes > bare.length) break;
      size = bare.readUIntBE(at + 5, bytes);
      head += bytes;
    }
    const whole = bare.subarray(at, at + head + size);
    if (whole.length < head + size) break;
    if (!(record === 2 && dataset >= 200 && dataset <= 202) && record <= 3) parts.push(whole);
    at += head + size;
  }
  return parts.length > 0 ? Buffer.concat(parts) : null;
}

/** The datasets as Photoshop's resources, with the name that JPEG's APP13 begins with where `named`. */
export function writeIptc(datasets: Buffer, named: boolean): Buffer {
  const head = Buffer.alloc(12);
  head.write('8BIM', 'latin1');
  head.writeUInt16BE(iptcResource, 4);
  head.writeUInt32BE(datasets.length, 8);
  const name = named ? Buffer.from('Photoshop 3.0\0', 'latin1') : Buffer.alloc(0);
  return Buffer.concat([name, head, datasets, Buffer.alloc(datasets.length & 1)]);
}

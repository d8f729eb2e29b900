const entryBytes = 12;

/** A little-endian TIFF with one strip of 32-bit floats (TIFF 6.0, section 2; SampleFormat 3). */
export function floatTiff(width: number, height: number, samples: 1 | 2 | 3 | 4, data: Float32Array): Buffer {
  const long = 4;
  const short = 3;
  const alpha = samples === 2 || samples === 4;
  const arrays = 8 + 2 + 13 * entryBytes + 4; // where values that do not fit into an entry go
  const pixels = arrays + 32;
  const perSample = (value: number): number[] => Array.from({ length: samples }, () => value);
  const entries: [tag: number, type: number, values: number[]][] = [
    [256, long, [width]],
    [257, long, [height]],
    [258, short, perSample(32)], // BitsPerSample
    [259, short, [1]], // no compression
    [262, short, [samples < 3 ? 1 : 2]], // black is zero, or RGB
    [273, long, [pixels]],
    [277, short, [samples]],
    [278, long, [height]],
    [279, long, [data.byteLength]],
    [284, short, [1]], // interleaved
    ...(alpha ? ([[338, short, [2]]] as [number, number, number[]][]) : []), // straight alpha
    [339, short, perSample(3)], // float
  ];
  const out = Buffer.alloc(pixels + data.byteLength);
  out.write('II*\0', 0, 'latin1');
  out.writeUInt32LE(8, 4);
  out.writeUInt16LE(entries.length, 8);
  let free = arrays;
  entries.forEach(([tag, type, values], i) => {
    const at = 10 + i * entryBytes;
    out.writeUInt16LE(tag, at);
    out.writeUInt16LE(type, at + 2);
    out.writeUInt32LE(values.length, at + 4);
    let place = at + 8;
    if (type === short && values.length > 2) {
      out.writeUInt32LE(free, place);
      place = free;
      free += 2 * values.length;
    }
    values.forEach((value, k) =>
      type === long ? out.writeUInt32LE(value, place) : out.writeUInt16LE(value, place + 2 * k),
    );
  });
  Buffer.from(data.buffer, data.byteOffset, data.byteLength).copy(out, pixels);
  return out;
}

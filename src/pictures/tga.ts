import { checkPixels, cutOff, unsupported, viewOf, type Picture } from './picture';

/** Truevision: gray, colour and palettes, with and without run lengths. */
export function readTga(bytes: Uint8Array): Picture {
  const view = viewOf(bytes);
  const [kind, width, height] = [bytes[2]!, view.getUint16(12, true), view.getUint16(14, true)];
  const [bits, flags] = [view.getUint8(16), view.getUint8(17)];
  checkPixels(width, height);
  const paletted = (kind & 7) === 1;
  const [mapFirst, mapCount, mapBits] = [view.getUint16(3, true), view.getUint16(5, true), bytes[7]!];
  const depth = paletted ? mapBits : bits;
  if (![8, 24, 32].includes(depth) || (paletted && bits !== 8)) throw unsupported(`is a TGA of ${depth} bits`);
  const map = 18 + bytes[0]!;
  let at = map + (bytes[1] === 1 ? Math.ceil((mapCount * mapBits) / 8) : 0);
  const size = bits / 8;
  const length = width * height * size;
  // A packet of run lengths gives 128 pixels at most.
  if (at + (kind < 8 ? length : Math.ceil((width * height) / 128)) > bytes.length) throw cutOff();
  let pixels = bytes.subarray(at, at + length);
  if (kind >= 8) {
    pixels = new Uint8Array(length);
    for (let o = 0; o < length;) {
      if (at >= bytes.length) throw cutOff();
      const packet = bytes[at++]!;
      const count = (packet & 127) + 1;
      const step = packet & 128 ? size : size * count;
      if (at + step > bytes.length) throw cutOff();
      for (let i = 0; i < count && o < length; i++, o += size) {
        const from = packet & 128 ? at : at + i * size;
        for (let c = 0; c < size; c++) pixels[o + c] = bytes[from + c]!;
      }
      at += step;
    }
  }
  const channels = depth === 8 ? 1 : depth === 32 && (flags & 15) === 8 ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, o = 0; y < height; y++) {
    const row = flags & 0x20 ? y : height - 1 - y;
    for (let x = 0; x < width; x++, o += channels) {
      let from = (row * width + (flags & 0x10 ? width - 1 - x : x)) * size;
      let source = pixels;
      if (paletted) {
        from = map + (pixels[from]! - mapFirst) * (mapBits / 8);
        source = bytes;
      }
      if (channels === 1) data[o] = source[from]!;
      else for (let c = 0; c < channels; c++) data[o + c] = source[from + (c === 3 ? 3 : 2 - c)]!;
    }
  }
  return { width, height, channels, data };
}

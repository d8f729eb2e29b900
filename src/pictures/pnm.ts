import { checkPixels, cutOff, Damaged, viewOf, type Picture } from './picture';

/** PBM, PGM and PPM, as text and as bytes, up to 16 bits. */
export function readPnm(bytes: Uint8Array): Picture {
  let at = 2;
  const number = (): number => {
    for (;;) {
      const letter = bytes[at];
      if (letter === undefined) throw cutOff();
      if (letter === 0x23) while (at < bytes.length && bytes[at] !== 10) at++;
      else if (letter >= 0x30 && letter <= 0x39) break;
      else at++;
    }
    let value = 0;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) value = value * 10 + bytes[at++]! - 0x30;
    return value;
  };
  const kind = bytes[1]! - 0x30;
  const [width, height] = [number(), number()];
  checkPixels(width, height);
  const bitmap = kind === 1 || kind === 4;
  const white = bitmap ? 1 : number();
  if (white < 1 || white > 65535) throw new Damaged(`its white is ${white}`);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const count = width * height * channels;
  // As text a value takes two bytes at least, of which a bitmap's may leave out the blank.
  if (kind <= 3 && at + count > bytes.length) throw cutOff();
  const stride = bitmap ? Math.ceil(width / 8) : width * channels * (white > 255 ? 2 : 1);
  if (kind > 3 && ++at + stride * height > bytes.length) throw cutOff();
  const data = white > 255 ? new Uint16Array(count) : new Uint8Array(count);
  const top = white > 255 ? 65535 : 255;
  const put = (i: number, value: number) => (data[i] = Math.round((Math.min(value, white) / white) * top));
  if (kind <= 3) {
    for (let i = 0; i < count; i++) {
      if (!bitmap) put(i, number());
      else {
        while (at < bytes.length && bytes[at] !== 0x30 && bytes[at] !== 0x31) at++;
        if (at >= bytes.length) throw cutOff();
        put(i, 1 - (bytes[at++]! - 0x30));
      }
    }
  } else {
    const view = viewOf(bytes);
    for (let i = 0; i < count; i++) {
      const x = i % width;
      if (bitmap) put(i, 1 - ((bytes[at + Math.floor(i / width) * stride + (x >> 3)]! >> (7 - (x & 7))) & 1));
      else put(i, white > 255 ? view.getUint16(at + 2 * i) : bytes[at + i]!);
    }
  }
  return { width, height, channels, data };
}

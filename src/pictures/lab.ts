/**
 * CIE Lab under D50 (TIFF 6.0, section 23) to 16-bit sRGB, by Bradford's adaptation.
 * @param lab interleaved, `samples` a pixel, of which the first three are L, a and b
 */
export function labToSrgb(lab: Uint8Array | Uint16Array, samples: number): Uint16Array {
  const count = lab.length / samples;
  const out = new Uint16Array(count * 3);
  const top = lab instanceof Uint8Array ? 256 : 65536;
  const signed = (value: number) => ((value >= top / 2 ? value - top : value) * 256) / top;
  const inverse = (t: number) => (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29));
  const encode = (v: number) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
  for (let i = 0; i < count; i++) {
    const l = (lab[i * samples]! / (top - 1)) * 100;
    const [a, b] = [signed(lab[i * samples + 1]!), signed(lab[i * samples + 2]!)];
    const f = (l + 16) / 116;
    const [x, y, z] = [0.9642 * inverse(f + a / 500), inverse(f), 0.8249 * inverse(f - b / 200)];
    const rgb = [
      3.1338561 * x - 1.6168667 * y - 0.4906146 * z,
      -0.9787684 * x + 1.9161415 * y + 0.033454 * z,
      0.0719453 * x - 0.2289914 * y + 1.4052427 * z,
    ];
    rgb.forEach((v, c) => (out[3 * i + c] = Math.round(Math.min(1, Math.max(0, encode(Math.max(0, v)))) * 65535)));
  }
  return out;
}

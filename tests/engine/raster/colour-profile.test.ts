import type { Colour } from '../../../src/engine/raster/colour-profile';
import { bt709Primaries, colourOfCodes, colourOfPng, profileOf } from '../../../src/engine/raster/colour-profile';

/** The tags of an ICC profile (ICC.1:2010, 7.3). */
function tagsOf(profile: Uint8Array): Map<string, DataView> {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.length);
  const text = (at: number) => String.fromCharCode(...profile.subarray(at, at + 4));
  expect(view.getUint32(0)).toBe(profile.length);
  expect(text(36)).toBe('acsp');
  const tags = new Map<string, DataView>();
  for (let i = 0; i < view.getUint32(128); i++) {
    const [at, length] = [view.getUint32(136 + 12 * i), view.getUint32(140 + 12 * i)];
    expect(at % 4).toBe(0);
    tags.set(text(132 + 12 * i), new DataView(profile.buffer, profile.byteOffset + at, length));
  }
  return tags;
}
const bytesOf = (tag: DataView) => [...new Uint8Array(tag.buffer, tag.byteOffset, tag.byteLength)];
/** The text of a `mluc` tag (ICC.1:2010, 10.13) in its only language. */
function words(tag: DataView): string {
  const [records, size, language, country, length, offset] = [8, 12, 16, 18, 20, 24].map((at) =>
    at === 16 || at === 18 ? tag.getUint16(at) : tag.getUint32(at),
  ) as [number, number, number, number, number, number];
  expect([records, size, language, country]).toEqual([1, 12, 0x656e, 0x5553]);
  expect(offset + length).toBe(tag.byteLength);
  return Array.from({ length: length / 2 }, (_, i) => String.fromCharCode(tag.getUint16(offset + 2 * i))).join('');
}
const fixed = (tag: DataView, at: number, count: number) =>
  Array.from({ length: count }, (_, i) => tag.getInt32(at + 4 * i) / 65536);

test('a profile of BT.709 primaries has the colorants of sRGB, adapted to D50, and the curve that was asked for', () => {
  const tags = tagsOf(profileOf(colourOfPng(1 / 1.8, null)!, false)!);
  // As in the sRGB profile of the ICC.
  const expected = { rXYZ: [0.4361, 0.2225, 0.0139], gXYZ: [0.3851, 0.7169, 0.0971], bXYZ: [0.1431, 0.0606, 0.7141] };
  for (const [name, colorant] of Object.entries(expected))
    fixed(tags.get(name)!, 8, 3).forEach((value, i) => expect(value).toBeCloseTo(colorant[i]!, 3));
  fixed(tags.get('wtpt')!, 8, 3).forEach((value, i) => expect(value).toBeCloseTo([0.9642, 1, 0.8249][i]!, 3));
  const curve = tags.get('rTRC')!;
  expect(curve.getUint16(8)).toBe(0);
  expect(fixed(curve, 12, 1)[0]).toBeCloseTo(1.8, 3);
});

test.each<[string, Colour, readonly number[][], readonly number[]]>([
  [
    // Its white is that of profiles: nothing to adapt. Colorants as in ISO 22028-2.
    'ProPhoto',
    colourOfPng(1 / 1.8, [0.3457, 0.3585, 0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001])!,
    [
      [0.7977, 0.288, 0],
      [0.1352, 0.7119, 0],
      [0.0313, 0.0001, 0.8249],
    ],
    [1, 0, 0, 0, 1, 0, 0, 0, 1],
  ],
  [
    // Adapted from D65 by Bradford's matrix, as http://www.brucelindbloom.com tells it.
    'BT.2020',
    colourOfCodes(9, 1)!,
    [
      [0.6734, 0.279, -0.0019],
      [0.1656, 0.6753, 0.03],
      [0.1251, 0.0456, 0.7968],
    ],
    [1.0478, 0.0229, -0.0501, 0.0295, 0.9905, -0.0171, -0.0092, 0.015, 0.7521],
  ],
])('%s: colorants under D50, and how they were adapted', (_, colour, colorants, adaptation) => {
  const tags = tagsOf(profileOf(colour, false)!);
  const near = (found: readonly number[], expected: readonly number[]) =>
    found.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(6e-4));
  ['rXYZ', 'gXYZ', 'bXYZ'].forEach((name, i) => near(fixed(tags.get(name)!, 8, 3), colorants[i]!));
  near(fixed(tags.get('chad')!, 8, 9), adaptation);
  for (const name of ['gTRC', 'bTRC']) expect(bytesOf(tags.get(name)!)).toEqual(bytesOf(tags.get('rTRC')!));
});

test('a profile begins with what it is, and says in words what it holds', () => {
  const rgb = profileOf(colourOfCodes(9, 1)!, false)!;
  const text = (from: number, to: number) => String.fromCharCode(...rgb.subarray(from, to));
  expect(text(12, 24)).toBe('mntrRGB XYZ ');
  expect(String.fromCharCode(...profileOf(colourOfCodes(9, 1)!, true)!.subarray(12, 24))).toBe('mntrGRAYXYZ ');
  const head = new DataView(rgb.buffer);
  expect(head.getUint32(8)).toBe(0x04300000);
  expect([24, 26, 28, 30, 32, 34].map((at) => head.getUint16(at))).toEqual([2026, 1, 1, 0, 0, 0]);
  // D50 as ICC.1 writes it.
  expect([68, 72, 76].map((at) => head.getUint32(at))).toEqual([0xf6d6, 0x10000, 0xd32d]);
  // All else of the head is nothing: no preferred program, flags, device, intent or maker.
  for (const [from, to] of [
    [4, 8],
    [40, 68],
    [80, 128],
  ] as const)
    expect([...rgb.subarray(from, to)].every((byte) => byte === 0)).toBe(true);
  const tags = tagsOf(rgb);
  const kinds = { desc: 'mluc', cprt: 'mluc', wtpt: 'XYZ ', chad: 'sf32', rXYZ: 'XYZ ', rTRC: 'para' };
  for (const [name, kind] of Object.entries(kinds)) {
    const tag = bytesOf(tags.get(name)!);
    expect(String.fromCharCode(...tag.slice(0, 4))).toBe(kind);
    expect(tag.slice(4, 8)).toEqual([0, 0, 0, 0]);
  }
  const lengths = { chad: 44, rXYZ: 20, rTRC: 32, wtpt: 20 };
  for (const [name, length] of Object.entries(lengths)) expect(tags.get(name)!.byteLength).toBe(length);
  expect(words(tags.get('cprt')!)).toBe('No copyright: made from numbers');
});

test.each<[Colour, string]>([
  [colourOfCodes(9, 1)!, 'BT.2020 primaries, BT.709 curve'],
  [colourOfCodes(12, 13)!, 'Display P3 primaries, sRGB curve'],
  [colourOfCodes(1, 5)!, 'BT.709 primaries, gamma 2.8 curve'],
  [colourOfCodes(5, 13)!, 'Own primaries, sRGB curve'],
  [colourOfPng(0.3333, [0.3127, 0.329, 0.6415, 0.33, 0.3, 0.6, 0.15, 0.06])!, 'BT.709 primaries, gamma 3 curve'],
  [colourOfPng(0.3, [0.3127, 0.329, 0.6425, 0.33, 0.3, 0.6, 0.15, 0.06])!, 'Own primaries, gamma 3.333 curve'],
])('is called by its colours: %#', (colour, name) => {
  expect(words(tagsOf(profileOf(colour, false)!).get('desc')!)).toBe(name);
});

test('PNG’s chunks: what is near sRGB is sRGB; the rest is what they say', () => {
  const [white, usual] = [
    [0.3127, 0.329],
    [0.64, 0.33, 0.3, 0.6, 0.15, 0.06],
  ];
  const other = [0.68, 0.32, 0.265, 0.69, 0.15, 0.06];
  // Without gAMA the curve is sRGB's.
  expect(colourOfPng(null, [...white!, ...usual!])).toBeNull();
  expect(colourOfPng(null, null)).toBeNull();
  expect(colourOfPng(null, [...white!, ...other])).toEqual({ primaries: other, white, transfer: 'srgb' });
  // With other primaries a gamma is meant as it is written.
  expect(colourOfPng(0.45455, [...white!, ...other])).toEqual({
    primaries: other,
    white,
    transfer: { gamma: 1 / 0.45455 },
  });
  expect(colourOfPng(0.4564, null)).toBeNull();
  expect(colourOfPng(0.4567, null)).toEqual({ primaries: usual, white, transfer: { gamma: 1 / 0.4567 } });
  expect(colourOfPng(0.4524, null)).not.toBeNull();
});

test.each([
  ['a gamma of nothing', 0.05, null],
  ['a gamma beyond all curves', 20, null],
  ['red without light', 1, [0.3127, 0.329, 0.68, 0, 0.265, 0.69, 0.15, 0.06]],
  ['green without light', 1, [0.3127, 0.329, 0.68, 0.32, 0.265, 0, 0.15, 0.06]],
  ['blue without light', 1, [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0]],
  ['white without light', 1, [0.3127, 0, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06]],
])('a PNG that says %s is read as sRGB', (_, gamma, chromaticities) => {
  expect(colourOfPng(gamma, chromaticities)).toBeNull();
  expect(colourOfPng(gamma === 1 ? 1 : gamma === 20 ? 19.9 : 0.051, null)).not.toBeNull();
});

test('the curve of sRGB is written with its parameters, and a gray profile has no colorants', () => {
  const tags = tagsOf(profileOf({ primaries: bt709Primaries, white: [0.3127, 0.329], transfer: 'srgb' }, true)!);
  expect([...tags.keys()].sort()).toEqual(['chad', 'cprt', 'desc', 'kTRC', 'wtpt']);
  const curve = tags.get('kTRC')!;
  expect(curve.getUint16(8)).toBe(3);
  // IEC 61966-2-1: value = ((v + 0.055) / 1.055) ** 2.4 from 0.04045 on, v / 12.92 below.
  expect(curve.byteLength).toBe(32);
  const bt709 = tagsOf(profileOf(colourOfCodes(9, 14)!, true)!).get('kTRC')!;
  // BT.709, 1.2, turned round: ((v + 0.099) / 1.099) ** (1 / 0.45) from 0.081 on, v / 4.5 below.
  [1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081].forEach((value, i) =>
    expect(fixed(bt709, 12, 5)[i]).toBeCloseTo(value, 4),
  );
  [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045].forEach((value, i) =>
    expect(fixed(curve, 12, 5)[i]).toBeCloseTo(value, 4),
  );
});

// Rec. ITU-T H.273, tables 2 and 3: code, red, green, blue.
test.each([
  [1, [0.64, 0.33], [0.3, 0.6], [0.15, 0.06]],
  [5, [0.64, 0.33], [0.29, 0.6], [0.15, 0.06]],
  [6, [0.63, 0.34], [0.31, 0.595], [0.155, 0.07]],
  [7, [0.63, 0.34], [0.31, 0.595], [0.155, 0.07]],
  [9, [0.708, 0.292], [0.17, 0.797], [0.131, 0.046]],
  [11, [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]],
  [12, [0.68, 0.32], [0.265, 0.69], [0.15, 0.06]],
])('primaries of code %i', (code, red, green, blue) => {
  // Code 11 is DCI-P3, whose white is not D65.
  const white = code === 11 ? [0.314, 0.351] : [0.3127, 0.329];
  expect(colourOfCodes(code, 4)).toEqual({
    primaries: [...red, ...green, ...blue],
    white,
    transfer: { gamma: 2.2 },
  });
});

test.each([
  [1, 'bt709'],
  [4, { gamma: 2.2 }],
  [5, { gamma: 2.8 }],
  [6, 'bt709'],
  [8, { gamma: 1 }],
  [13, 'srgb'],
  [14, 'bt709'],
  [15, 'bt709'],
  [16, 'pq'],
  [18, 'hlg'],
])('transfer of code %i', (code, transfer) => {
  expect(colourOfCodes(9, code)!.transfer).toEqual(transfer);
});

test('sRGB, what says nothing and what is not in the standard need no profile; HDR and collapsed primaries can have none', () => {
  expect(colourOfCodes(1, 13)).toBeNull();
  expect(colourOfCodes(2, 2)).toBeNull();
  // One of the two unspecified: the usual one beside the other.
  expect(colourOfCodes(2, 16)).toEqual(colourOfCodes(1, 16));
  expect(colourOfCodes(9, 2)).toEqual(colourOfCodes(9, 13));
  expect([colourOfCodes(2, 16), colourOfCodes(9, 2)]).not.toContain(null);
  expect(colourOfCodes(3, 13)).toBeNull();
  expect(colourOfCodes(9, 17)).toBeNull();
  expect(colourOfPng(0.45455, null)).toBeNull();
  expect(profileOf(colourOfCodes(9, 16)!, false)).toBeNull();
  const point = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3] as const;
  expect(profileOf({ primaries: point, white: [0.3127, 0.329], transfer: { gamma: 2 } }, false)).toBeNull();
});

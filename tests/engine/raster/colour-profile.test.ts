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

test('the curve of sRGB is written with its parameters, and a gray profile has no colorants', () => {
  const tags = tagsOf(profileOf({ primaries: bt709Primaries, white: [0.3127, 0.329], transfer: 'srgb' }, true)!);
  expect([...tags.keys()].sort()).toEqual(['chad', 'cprt', 'desc', 'kTRC', 'wtpt']);
  const curve = tags.get('kTRC')!;
  expect(curve.getUint16(8)).toBe(3);
  // IEC 61966-2-1: value = ((v + 0.055) / 1.055) ** 2.4 from 0.04045 on, v / 12.92 below.
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

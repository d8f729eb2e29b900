/**
 * Colour as numbers rather than as an ICC profile (PNG's gAMA and cHRM, the code points of ITU-T H.273 that PNG's cICP
 * and AVIF's nclx carry), and the profile that says the same.
 */
export interface Colour {
  /** CIE x and y of red, green and blue, and of white. */
  readonly primaries: readonly [rx: number, ry: number, gx: number, gy: number, bx: number, by: number];
  readonly white: readonly [x: number, y: number];
  /** How values turn into light; `pq` and `hlg` are for HDR, which no matrix profile can say. */
  readonly transfer: 'srgb' | 'bt709' | 'pq' | 'hlg' | { readonly gamma: number };
}

const d65 = [0.3127, 0.329] as const;
export const bt709Primaries = [0.64, 0.33, 0.3, 0.6, 0.15, 0.06] as const;

/** H.273, table 2. */
const primariesByCode: Readonly<Record<number, Colour['primaries']>> = {
  1: bt709Primaries,
  5: [0.64, 0.33, 0.29, 0.6, 0.15, 0.06],
  6: [0.63, 0.34, 0.31, 0.595, 0.155, 0.07],
  7: [0.63, 0.34, 0.31, 0.595, 0.155, 0.07],
  9: [0.708, 0.292, 0.17, 0.797, 0.131, 0.046],
  11: [0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
  12: [0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
};

/** H.273, table 3. */
const transferByCode: Readonly<Record<number, Colour['transfer']>> = {
  1: 'bt709',
  4: { gamma: 2.2 },
  5: { gamma: 2.8 },
  6: 'bt709',
  8: { gamma: 1 },
  13: 'srgb',
  14: 'bt709',
  15: 'bt709',
  16: 'pq',
  18: 'hlg',
};

/** The colour that code points mean; `null` for sRGB, for "unspecified" (2), and for what H.273 does not say. */
export function colourOfCodes(primaries: number, transfer: number): Colour | null {
  const known = primariesByCode[primaries === 2 ? 1 : primaries];
  const curve = transferByCode[transfer === 2 ? 13 : transfer];
  if (!known || !curve || (known === bt709Primaries && curve === 'srgb')) return null;
  return { primaries: known, white: primaries === 11 ? [0.314, 0.351] : d65, transfer: curve };
}

/**
 * The colour that PNG's chunks mean; `null` for sRGB.
 * @param gamma what gAMA says: the exponent from light to values, e.g. 0.45455
 * @param chromaticities what cHRM says: white, red, green, blue
 */
export function colourOfPng(gamma: number | null, chromaticities: readonly number[] | null): Colour | null {
  const [wx, wy, rx, ry, gx, gy, bx, by] = chromaticities ?? [...d65, ...bt709Primaries];
  const given = [rx!, ry!, gx!, gy!, bx!, by!] as const;
  const usual = given.every((value, i) => Math.abs(value - bt709Primaries[i]!) < 0.002);
  // Without gAMA, and with the rounded one that all programs write for sRGB, the curve is sRGB's.
  const like = gamma === null || (usual && Math.abs(gamma - 0.45455) < 0.002);
  if (usual && like) return null;
  if (!(wy! > 0 && ry! > 0 && gy! > 0 && by! > 0) || (gamma !== null && !(gamma > 0.05 && gamma < 20))) return null;
  return { primaries: given, white: [wx!, wy!], transfer: like ? 'srgb' : { gamma: 1 / gamma! } };
}

/** Parameters g, a, b, c, d of ICC's curve type 3: (a·x + b)^g from d on, c·x below. */
const parametric = {
  srgb: [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045],
  bt709: [1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081],
} as const;

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const times = (m: Matrix, v: Triple): Triple =>
  m.map((row) => row[0] * v[0] + row[1] * v[1] + row[2] * v[2]) as unknown as Triple;
const column = (m: Matrix, i: 0 | 1 | 2): Triple => [m[0][i], m[1][i], m[2][i]];
const product = (a: Matrix, b: Matrix): Matrix => {
  const columns = [times(a, column(b, 0)), times(a, column(b, 1)), times(a, column(b, 2))] as const;
  return [0, 1, 2].map((i) => columns.map((each) => each[i])) as unknown as Matrix;
};

function inverse([[a, b, c], [d, e, f], [g, h, i]]: Matrix): Matrix {
  const cofactors: Matrix = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ];
  const determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0];
  return cofactors.map((row) => row.map((value) => value / determinant)) as unknown as Matrix;
}

const bradford: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];
const d50: Triple = [0.9642, 1, 0.8249];

/** RGB to XYZ under D50, as profiles have it: the primaries' matrix, adapted from the colour's own white. */
function toPcs({ primaries: [rx, ry, gx, gy, bx, by], white: [wx, wy] }: Colour): {
  matrix: Matrix;
  adaptation: Matrix;
} {
  const of = (x: number, y: number): Triple => [x / y, 1, (1 - x - y) / y];
  const [r, g, b] = [of(rx, ry), of(gx, gy), of(bx, by)];
  const rows: Matrix = [
    [r[0], g[0], b[0]],
    [r[1], g[1], b[1]],
    [r[2], g[2], b[2]],
  ];
  const white = of(wx, wy);
  const scale = times(inverse(rows), white);
  const matrix = rows.map((row) => row.map((value, i) => value * scale[i]!)) as unknown as Matrix;
  const [from, to] = [times(bradford, white), times(bradford, d50)];
  const ratio: Matrix = [
    [to[0] / from[0], 0, 0],
    [0, to[1] / from[1], 0],
    [0, 0, to[2] / from[2]],
  ];
  const adaptation = product(inverse(bradford), product(ratio, bradford));
  return { matrix: product(adaptation, matrix), adaptation };
}

/**
 * An ICC profile (ICC.1:2010, version 4.3) that says what `colour` says; `null` for HDR and for primaries that span
 * nothing.
 * @param gray for a picture of one channel
 */
export function profileOf(colour: Colour, gray: boolean): Uint8Array | null {
  const { transfer } = colour;
  if (transfer === 'pq' || transfer === 'hlg') return null;
  const { matrix, adaptation } = toPcs(colour);
  if (![...matrix, ...adaptation].flat().every(Number.isFinite)) return null;
  const curve =
    typeof transfer === 'string'
      ? [...ascii('para'), 0, 0, 0, 0, 0, 3, 0, 0, ...parametric[transfer].flatMap(fixed)]
      : [...ascii('para'), 0, 0, 0, 0, 0, 0, 0, 0, ...fixed(transfer.gamma)];
  const xyz = (values: Triple) => [...ascii('XYZ '), 0, 0, 0, 0, ...values.flatMap(fixed)];
  const name = describe(colour);
  const entries: [string, number[]][] = [
    ['desc', unicode(name)],
    ['cprt', unicode('No copyright: made from numbers')],
    ['wtpt', xyz(d50)],
    ['chad', [...ascii('sf32'), 0, 0, 0, 0, ...adaptation.flat().flatMap(fixed)]],
  ];
  if (gray) entries.push(['kTRC', curve]);
  else {
    entries.push(['rXYZ', xyz(column(matrix, 0))], ['gXYZ', xyz(column(matrix, 1))], ['bXYZ', xyz(column(matrix, 2))]);
    entries.push(['rTRC', curve], ['gTRC', curve], ['bTRC', curve]);
  }
  let at = 128 + 4 + 12 * entries.length;
  const table: number[] = [...long(entries.length)];
  const data: number[] = [];
  for (const [tag, bytes] of entries) {
    table.push(...ascii(tag), ...long(at), ...long(bytes.length));
    const padded = [...bytes, ...new Array<number>(-bytes.length & 3).fill(0)];
    data.push(...padded);
    at += padded.length;
  }
  const head = new Array<number>(128).fill(0);
  const put = (place: number, bytes: readonly number[]) => bytes.forEach((byte, i) => (head[place + i] = byte));
  put(0, long(at));
  put(8, [4, 0x30]);
  put(12, ascii(`mntr${gray ? 'GRAY' : 'RGB '}XYZ `));
  put(24, [7, 234, 0, 1, 0, 1]); // 1 January 2026
  put(36, ascii('acsp'));
  put(68, d50.flatMap(fixed));
  return Uint8Array.from([...head, ...table, ...data]);
}

function describe({ primaries, transfer }: Colour): string {
  const known: readonly [string, readonly number[]][] = [
    ['BT.709', bt709Primaries],
    ['BT.2020', primariesByCode[9]!],
    ['Display P3', primariesByCode[12]!],
  ];
  const named = known.find(([, values]) => values.every((value, i) => Math.abs(value - primaries[i]!) < 0.002))?.[0];
  const curve =
    typeof transfer === 'string'
      ? { srgb: 'sRGB', bt709: 'BT.709', pq: 'PQ', hlg: 'HLG' }[transfer]
      : `gamma ${Math.round(transfer.gamma * 1000) / 1000}`;
  return `${named ?? 'Own'} primaries, ${curve} curve`;
}

const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const long = (value: number) => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const fixed = (value: number) => long(Math.round(value * 65536));
const unicode = (text: string) => [
  ...ascii('mluc'),
  ...long(0),
  ...long(1),
  ...long(12),
  ...ascii('enUS'),
  ...long(text.length * 2),
  ...long(28),
  ...[...text].flatMap((letter) => [0, letter.charCodeAt(0)]),
];

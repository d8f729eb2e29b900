// Draws the picture that the built-in editor opens with: a lake at dusk, painted by arithmetic alone, then reduced like a
// photo from a small sensor, with a trace of its noise. Made for LWay, CC0. Run it again after a change:
//   node scripts/draw-sample.mjs
import { writeFileSync } from 'node:fs';
import { encode } from 'fast-png';

const plane = (raster, c) => raster.data.subarray(c * w * h, (c + 1) * w * h);
/** Integer hash → 0..1; the same picture on every machine. */ function hash(x, y, seed) {
  let h = Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(seed, 1442695041);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}
const smooth = (t) => t * t * (3 - 2 * t);
const mix = (a, b, t) => a + (b - a) * t;
const clamp01 = (v) => Math.min(1, Math.max(0, v));
const ramp = (from, to, v) => smooth(clamp01((v - from) / (to - from)));
const blend = (a, b, t) => [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
/** Value noise, 0..1. */ function noise(x, y, seed) {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = smooth(x - ix);
  const fy = smooth(y - iy);
  return mix(
    mix(hash(ix, iy, seed), hash(ix + 1, iy, seed), fx),
    mix(hash(ix, iy + 1, seed), hash(ix + 1, iy + 1, seed), fx),
    fy,
  );
}
/** Noise of several octaves, about 0..1. */ function fractal(x, y, seed, octaves) {
  let sum = 0;
  let weight = 0.5;
  for (let o = 0; o < octaves; o++, weight /= 2) sum += weight * noise(x * 2 ** o, y * 2 ** o, seed + o);
  return sum;
}
const w = 1280;
const h = 832;
const waterline = 560;
/** Sky from dusk blue down to the glow behind the mountains. */ function sky(x, y) {
  const t = clamp01(y / waterline);
  let colour =
    t < 0.55
      ? blend([0.16, 0.24, 0.42], [0.55, 0.5, 0.58], t / 0.55)
      : blend([0.55, 0.5, 0.58], [0.99, 0.74, 0.5], (t - 0.55) / 0.45);
  const glow = Math.exp(-(((x - 850) / 330) ** 2) - ((y - 430) / 190) ** 2);
  colour = blend(colour, [1, 0.86, 0.6], 0.75 * glow);
  // Long thin clouds, lit from below.
  const cloud = ramp(0.5, 0.72, fractal(x / 260 + 3, y / 46, 11, 5)) * ramp(0, 160, y) * (1 - ramp(300, 480, y));
  return blend(colour, blend([0.86, 0.62, 0.58], [1, 0.82, 0.66], glow), 0.7 * cloud);
}
const ridges = [
  {
    base: 470,
    height: 330,
    width: 410,
    seed: 21,
    light: [0.83, 0.66, 0.64],
    shade: [0.44, 0.44, 0.57],
  },
  {
    base: 520,
    height: 230,
    width: 300,
    seed: 37,
    light: [0.6, 0.47, 0.47],
    shade: [0.29, 0.31, 0.43],
  },
  {
    base: 556,
    height: 120,
    width: 230,
    seed: 53,
    light: [0.3, 0.33, 0.33],
    shade: [0.14, 0.19, 0.25],
  },
];
const crest = (ridge, x) => {
  const n = fractal(x / ridge.width, 0.5, ridge.seed, 7);
  const peak = 1 - Math.abs(2 * noise(x / (ridge.width * 0.75), 7.5, ridge.seed + 9) - 1);
  return ridge.base - ridge.height * (0.62 * n + 0.5 * peak ** 1.6 - 0.2);
};
function mountain(ridge, x, y, top) {
  const depth = y - top;
  // Relief from the slope of the noise, lit from the right; gullies run down from the crest.
  const slope =
    fractal((x + 3) / 42, (y - 0.4 * x) / 60, ridge.seed + 3, 5) -
    fractal((x - 3) / 42, (y - 0.4 * x) / 60, ridge.seed + 3, 5);
  const light = clamp01(0.42 + 4.5 * slope + 0.25 * (fractal(x / 9, y / 14, ridge.seed + 5, 3) - 0.45));
  let colour = blend(ridge.shade, ridge.light, light);
  // Snow high up on the farthest ridge, broken by rock.
  if (ridge.seed === 21) {
    const snow = ramp(0.5, 0.58, fractal(x / 26, y / 20, 71, 5) + 0.3 * (1 - depth / 120)) * (1 - ramp(80, 170, depth));
    colour = blend(colour, blend([0.62, 0.64, 0.78], [1, 0.91, 0.85], light), 0.9 * snow);
  }
  // Haze gathers towards the foot.
  return blend(colour, [0.86, 0.66, 0.56], 0.45 * ramp(30, ridge.height, depth));
}
/** Everything above the water, without what stands on the near shore. */ function land(x, y) {
  for (let i = ridges.length - 1; i >= 0; i--) {
    const top = crest(ridges[i], x);
    // The last ridge carries a forest: its crest is a row of spires.
    const spires =
      i === 2
        ? 16 * Math.abs(((x / 9 + 3 * noise(x / 30, 2, 5)) % 1) - 0.5) * (0.7 + hash(Math.floor(x / 9), 1, 8))
        : 0;
    if (y > top - 14 + spires) return mountain(ridges[i], x, y, top);
  }
  return sky(x, y);
}
function water(x, y) {
  const depth = y - waterline;
  // Ripples widen towards the viewer and shift the mirror image.
  const scale = 4 + depth * 0.16;
  const ripple = fractal(x / (scale * 7), y / scale, 91, 4) - 0.47;
  const mirrored = land(clamp01((x + ripple * 70) / w) * w, waterline - depth * 1.1 - 6 + ripple * 60);
  let colour = blend(mirrored, [0.1, 0.17, 0.26], 0.3 + 0.25 * clamp01(depth / 270));
  const path = Math.exp(-(((x - 850) / (60 + depth * 0.7)) ** 2));
  const spark = ramp(0.61, 0.7, fractal(x / (scale * 2.2), y / (scale * 0.55), 97, 3) + 0.16 * path);
  colour = blend(colour, [1, 0.87, 0.64], clamp01(spark * (0.1 + 0.9 * path)));
  return blend(colour, [0.93, 0.72, 0.56], 0.35 * (1 - ramp(0, 14, depth)));
}
/** Paints shapes with soft edges one pixel wide; `inside` is negative within the shape. */ class Brush {
  raster;
  constructor(raster) {
    this.raster = raster;
  }
  fill(left, top, right, bottom, paint) {
    for (let y = Math.max(0, Math.floor(top)); y < Math.min(h, bottom); y++) {
      for (let x = Math.max(0, Math.floor(left)); x < Math.min(w, right); x++) {
        const [colour, cover] = paint(x + 0.5, y + 0.5);
        if (cover <= 0) continue;
        for (let c = 0; c < 3; c++) {
          const values = plane(this.raster, c);
          values[y * w + x] = mix(values[y * w + x], colour[c], Math.min(1, cover));
        }
      }
    }
  }
  line(x1, y1, x2, y2, width, colour) {
    const length = Math.hypot(x2 - x1, y2 - y1);
    const reach = width / 2 + 1;
    this.fill(
      Math.min(x1, x2) - reach,
      Math.min(y1, y2) - reach,
      Math.max(x1, x2) + reach,
      Math.max(y1, y2) + reach,
      (x, y) => {
        const t = clamp01(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length ** 2);
        const distance = Math.hypot(x - mix(x1, x2, t), y - mix(y1, y2, t));
        return [colour, clamp01(width / 2 + 0.5 - distance)];
      },
    );
  }
  /** A convex or concave outline, even-odd. */ shape(points, paint) {
    const xs = points.map(([x]) => x);
    const ys = points.map(([, y]) => y);
    const inside = (x, y) => {
      let odd = false;
      for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
        const [ax, ay] = points[i];
        const [bx, by] = points[j];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
      }
      return odd;
    };
    this.fill(Math.min(...xs) - 1, Math.min(...ys) - 1, Math.max(...xs) + 1, Math.max(...ys) + 1, (x, y) => {
      let cover = 0;
      for (const dx of [-0.25, 0.25]) for (const dy of [-0.25, 0.25]) if (inside(x + dx, y + dy)) cover += 0.25;
      return [typeof paint === 'function' ? paint(x, y) : paint, cover];
    });
  }
}
/** A spruce: branches as drooping strokes, shorter towards the top. */ function spruce(brush, x, foot, height, seed) {
  brush.line(x, foot, x, foot - height, height / 70 + 1, [0.05, 0.06, 0.07]);
  const rows = Math.round(height / 4.2);
  for (let i = 1; i < rows; i++) {
    const t = i / rows;
    const y = foot - height * (1 - t * 0.93);
    const reach = height * 0.19 * t ** 0.85 * (0.7 + 0.5 * hash(i, seed, 1));
    for (const side of [-1, 1]) {
      const r = reach * (0.75 + 0.4 * hash(i, seed, side + 3));
      const droop = r * (0.42 + 0.3 * hash(i, seed, side + 7));
      const lit = side > 0 ? 0.06 + 0.12 * hash(i, seed, 13) : 0.02;
      brush.line(x, y, x + side * r, y + droop, 2.6, [0.04 + lit, 0.075 + 0.85 * lit, 0.075 + 0.3 * lit]);
      brush.line(x + side * r * 0.5, y + droop * 0.5, x + side * r * 0.72, y + droop * 0.95, 2, [
        0.03 + lit,
        0.06 + lit * 0.8,
        0.06,
      ]);
    }
  }
}
function cabin(brush) {
  const logs = (x, y) => {
    const row = (y / 9) % 1;
    const grain = 0.06 * (fractal(x / 30, y / 2.5, 131, 3) - 0.5);
    const v = 0.75 + 0.25 * Math.sin(row * Math.PI) + grain;
    return x > 262 ? [0.3 * v, 0.185 * v, 0.125 * v] : [0.19 * v, 0.125 * v, 0.1 * v];
  };
  brush.shape(
    [
      [150, 642],
      [150, 700],
      [262, 706],
      [262, 642],
      [262, 642],
    ],
    logs,
  );
  brush.shape(
    [
      [262, 642],
      [298, 586],
      [338, 640],
      [338, 698],
      [262, 706],
    ],
    logs,
  );
  // Shingles in rows, every second one shifted by half.
  brush.shape(
    [
      [132, 650],
      [178, 582],
      [300, 574],
      [266, 650],
    ],
    (x, y) => {
      const row = Math.floor((y - 570) / 7);
      const column = Math.floor((x + (row % 2) * 6) / 12);
      const edge = (y - 570) % 7 < 1.4 || (x + (row % 2) * 6) % 12 < 1.1 ? 0.6 : 1;
      const v = edge * (0.85 + 0.3 * hash(column, row, 141));
      return [0.23 * v, 0.2 * v, 0.22 * v];
    },
  );
  brush.shape(
    [
      [290, 574],
      [302, 570],
      [350, 642],
      [338, 648],
    ],
    [0.36, 0.27, 0.22],
  );
  brush.shape(
    [
      [196, 556],
      [196, 596],
      [216, 594],
      [216, 552],
    ],
    (x, y) => {
      const v = (y % 8 < 1.2 ? 0.5 : 1) * (0.8 + 0.3 * hash(Math.floor(x / 7), Math.floor(y / 8), 151));
      return [0.34 * v, 0.24 * v, 0.21 * v];
    },
  );
  for (const [x, y, width, height] of [
    [172, 658, 30, 28],
    [218, 660, 30, 28],
    [288, 640, 26, 32],
  ]) {
    brush.shape(
      [
        [x - 3, y - 3],
        [x + width + 3, y - 3],
        [x + width + 3, y + height + 3],
        [x - 3, y + height + 3],
      ],
      [0.42, 0.32, 0.25],
    );
    brush.shape(
      [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height],
      ],
      (px, py) => {
        const v = 0.8 + 0.25 * noise(px / 9, py / 9, 161);
        return [1 * v, 0.76 * v, 0.38 * v];
      },
    );
    brush.line(x + width / 2, y, x + width / 2, y + height, 2.4, [0.3, 0.2, 0.14]);
    brush.line(x, y + height / 2, x + width, y + height / 2, 2.4, [0.3, 0.2, 0.14]);
  }
}
function boat(brush) {
  const ropes = [0.2, 0.17, 0.17];
  const wood = [0.16, 0.1, 0.08];
  // Mirror image first, broken by the ripples.
  for (let y = 656; y < 800; y += 3) {
    const wave = (noise(y / 4, 3, 171) - 0.5) * 16;
    const half = Math.max(0, 46 * (1 - (y - 656) / 150)) * (0.5 + hash(y, 0, 173));
    brush.line(946 - half + wave, y, 946 + half * 0.8 + wave, y, 2.2, [0.36, 0.31, 0.33]);
  }
  brush.shape(
    [
      [938, 424],
      [940, 626],
      [868, 630],
      [904, 540],
    ],
    (x, y) => {
      const seam = y % 31 < 1.6 ? 0.82 : 1;
      const v = seam * (0.78 + 0.22 * ramp(868, 940, x) + 0.05 * (fractal(x / 12, y / 40, 181, 3) - 0.5));
      return [0.98 * v, 0.9 * v, 0.8 * v];
    },
  );
  brush.shape(
    [
      [948, 452],
      [1022, 628],
      [950, 626],
    ],
    (x, y) => {
      const v = ((x + y) % 29 < 1.5 ? 0.8 : 0.95) - 0.25 * ramp(950, 1022, x);
      return [0.93 * v, 0.55 * v, 0.42 * v];
    },
  );
  brush.line(944, 412, 944, 640, 4.4, wood);
  brush.line(944, 414, 1036, 634, 1.3, ropes);
  brush.line(944, 414, 858, 634, 1.3, ropes);
  brush.line(944, 470, 1000, 640, 1, ropes);
  brush.line(944, 470, 900, 640, 1, ropes);
  for (let i = 0; i < 9; i++) brush.line(944 - 22 + i * 1.6, 632 - i * 17, 944 - 8 + i * 0.6, 632 - i * 17, 1, ropes);
  brush.shape(
    [
      [944, 412],
      [944, 424],
      [968, 421],
      [960, 417],
      [968, 413],
    ],
    [0.78, 0.16, 0.14],
  );
  brush.shape(
    [
      [852, 634],
      [1040, 634],
      [1018, 660],
      [884, 662],
    ],
    (x, y) => {
      const plank = (y - 634) % 7 < 1.2 ? 0.6 : 1;
      const v = plank * (0.75 + 0.5 * ramp(852, 1040, x));
      return y < 640 ? [0.9, 0.86, 0.8] : [0.17 * v, 0.26 * v, 0.36 * v];
    },
  );
}
/** Stones, grass and a jetty on the near shore. */ function shore(brush) {
  const edge = (x) => 688 + 22 * fractal(x / 60, 4, 191, 4) + 150 * ramp(330, 640, x) - 22 * (1 - ramp(0, 130, x));
  brush.fill(0, 640, 660, h, (x, y) => {
    const depth = y - edge(x);
    const stone = fractal(x / 11, y / 7, 193, 4);
    const v = 0.55 + 0.9 * (stone - 0.42) + 0.35 * (hash(Math.floor(x / 2), Math.floor(y / 2), 195) - 0.5);
    const moss = ramp(0.42, 0.58, fractal(x / 48, y / 30, 197, 4));
    return [blend([0.4 * v, 0.32 * v, 0.28 * v], [0.22 * v, 0.25 * v, 0.12 * v], moss), clamp01(depth + 0.5)];
  });
  for (let i = 0; i < 900; i++) {
    const x = hash(i, 1, 201) * 560;
    const foot = edge(x) + 4 + hash(i, 2, 201) * 110;
    const length = 9 + 17 * hash(i, 3, 201);
    const lit = hash(i, 4, 201);
    brush.line(
      x,
      foot,
      x + (hash(i, 5, 201) - 0.4) * 13,
      foot - length,
      1.3,
      blend([0.13, 0.16, 0.08], [0.62, 0.48, 0.24], lit ** 2),
    );
  }
  // The jetty leads from the shore to the boat.
  for (let i = 0; i < 34; i++) {
    const t = i / 33;
    const x = mix(420, 852, t);
    const y = mix(762, 664, t);
    const wide = mix(44, 24, t);
    const v = 0.8 + 0.35 * hash(i, 1, 211);
    brush.shape(
      [
        [x, y],
        [x + 12 - 3 * t, y - 3],
        [x + 12 - 3 * t + wide * 0.5, y + wide * 0.45],
        [x + wide * 0.5, y + wide * 0.5],
      ],
      [0.45 * v, 0.34 * v, 0.28 * v],
    );
    if (i % 6 === 2)
      brush.line(
        x + wide * 0.5,
        y + wide * 0.5,
        x + wide * 0.5,
        y + wide * 0.5 + mix(50, 22, t),
        5 - 2 * t,
        [0.15, 0.11, 0.1],
      );
  }
}
/** The picture at four times the sample's sides: a lake at dusk, painted by arithmetic alone. Made for LWay, CC0. */ function paint() {
  const raster = {
    data: new Float32Array(3 * w * h),
  };
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const colour = y < waterline ? land(x, y) : water(x, y);
      for (let c = 0; c < 3; c++) raster.data[c * w * h + y * w + x] = colour[c];
    }
  }
  const brush = new Brush(raster);
  boat(brush);
  shore(brush);
  for (const [x, foot, height, seed] of [
    [66, 706, 250, 1],
    [24, 716, 330, 2],
    [118, 700, 190, 3],
    [372, 716, 230, 4],
    [414, 736, 300, 5],
    [352, 712, 140, 6],
  ]) {
    spruce(brush, x, foot, height, seed);
  }
  cabin(brush);
  return raster;
}
const reduction = 4;
const width = w / reduction;
const height = h / reduction;
const large = paint();
const samples = new Uint8Array(width * height * 3);
for (let c = 0; c < 3; c++) {
  const values = plane(large, c);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let dy = 0; dy < reduction; dy++) {
        for (let dx = 0; dx < reduction; dx++) sum += values[(y * reduction + dy) * w + x * reduction + dx];
      }
      const i = y * width + x;
      const value = sum / reduction ** 2 + 0.012 * (hash(i, c, 221) + hash(i, c, 223) - 1);
      samples[i * 3 + c] = Math.round(255 * clamp01(value));
    }
  }
}
const png = encode({
  width,
  height,
  data: samples,
  channels: 3,
  depth: 8,
});
writeFileSync(new URL('../src/hosts/embedded/sample.png', import.meta.url), png);
console.log(`src/hosts/embedded/sample.png: ${width} × ${height}, ${png.length} bytes`);

// Draws icons/*.png: `node scripts/draw-icons.mjs`, after a change of the drawing. Photoshop looks for NAME@1x.png and
// NAME@2x.png, in some versions for NAME.png.
import { copyFileSync, mkdirSync } from 'node:fs';
import sharp from 'sharp';

/** A few coarse pixels in the corner that grow into a picture: 23 units wide, as Photoshop's panel icons are. */
function mark(colour) {
  const pixels = [
    [3, 16.5, 0.95],
    [6.5, 16.5, 0.6],
    [3, 13, 0.6],
    [6.5, 13, 0.95],
  ];
  return [
    ...pixels.map(
      ([x, y, o]) => `<rect x="${x}" y="${y}" width="3.5" height="3.5" fill="${colour}" fill-opacity="${o}"/>`,
    ),
    `<path d="M3 9.5V4.5a1.5 1.5 0 0 1 1.5-1.5h14a1.5 1.5 0 0 1 1.5 1.5v14a1.5 1.5 0 0 1-1.5 1.5h-5" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linecap="round"/>`,
    `<path d="M11.5 11.5l4.6-4.6M12.4 6.6h4v4" fill="none" stroke="${colour}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>`,
  ].join('');
}

const svg = (size, content) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}">${content}</svg>`;
const icons = {
  'panel-dark': [23, svg(23, mark('#dcdcdc'))],
  'panel-light': [23, svg(23, mark('#434343'))],
  plugin: [
    48,
    svg(
      48,
      `<rect width="48" height="48" rx="10" fill="#1d63d2"/><g transform="translate(7.9 7.9) scale(1.4)">${mark('#ffffff')}</g>`,
    ),
  ],
};

mkdirSync('icons', { recursive: true });
for (const [name, [size, drawing]] of Object.entries(icons)) {
  for (const scale of [1, 2]) {
    const side = size * scale;
    const density = (72 * side) / size;
    await sharp(Buffer.from(drawing), { density })
      .resize(side, side)
      .png({ compressionLevel: 9 })
      .toFile(`icons/${name}@${scale}x.png`);
  }
  copyFileSync(`icons/${name}@1x.png`, `icons/${name}.png`);
}

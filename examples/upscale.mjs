// Upscales a picture with LWay's engine: node examples/upscale.mjs photo.jpg large.png [--adapt]
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  adaptationNetworks,
  createNodeEngine,
  createRaster,
  createTileStore,
  fromInterleaved,
  loadNetwork,
  readRegistry,
  sourceOf,
  toInterleaved,
} from 'lway/node';
import sharp from 'sharp';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { adapt: { type: 'boolean' } } });
const [from, to] = positionals;
if (!from || !to) throw new Error('node examples/upscale.mjs FROM TO [--adapt]');

// The networks that come with LWay.
const folder = dirname(fileURLToPath(import.meta.resolve('lway/models/models.json')));
const registry = await readRegistry(folder);
const load = (id) => loadNetwork(folder, registry, id);
const network = await load('default');

// The picture as planar float32, 0..1.
const { data, info } = await sharp(from)
  .toColourspace('srgb')
  .removeAlpha()
  .raw()
  .toBuffer({ resolveWithObject: true });
const { width, height } = info;
const picture = createRaster(width, height, 3, fromInterleaved(data, width, height, 3).data);

// Without `adapt` the network is taken as it is; with it, it first learns from this picture.
let adapt;
if (values.adapt) {
  const { encoder, reconstructor, features } = adaptationNetworks(registry.models, network.entry);
  const [E, R, F] = await Promise.all([encoder, reconstructor, features].map(({ id }) => load(id)));
  adapt = { level: 'quick', strength: 1, networks: { encoder: E, reconstructor: R, features: F } };
}

const engine = createNodeEngine();
const result = createTileStore();
const { signal } = new AbortController();
try {
  const report = await engine.upscale(signal, sourceOf(picture), result, {
    network,
    size: { scale: 4 },
    device: 'auto',
    adapt,
    onEvent: (event) => event.type === 'notice' && console.error(event.message),
  });
  const whole = { x: 0, y: 0, width: report.width, height: report.height };
  const pixels = toInterleaved(await result.read(signal, whole), 8);
  await sharp(pixels, { raw: { width: report.width, height: report.height, channels: 3 } }).toFile(to);
  console.log(`${to}: ${report.width}×${report.height}, ${report.seconds.toFixed(1)} s on ${report.deviceName}`);
} finally {
  await result.dispose();
  await engine.dispose();
}

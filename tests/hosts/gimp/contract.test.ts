import { encodeSamples } from '../../../src/hosts/gimp/samples';
import { GimpHost } from '../../../src/hosts/gimp/gimp-host';
import { hasAlpha } from '../../../src/engine/raster/raster';
import { describeHostContract, testPixels, type HostUnderTest, type TestDocument } from '../contract';
import { Gimp, gimps } from './support/gimp';

(gimps.length > 0 ? describe : describe.skip).each(gimps.map((gimp) => [gimp.version, gimp] as const))(
  'GIMP %s',
  (version, program) => {
    let gimp: Gimp;
    beforeAll(async () => {
      gimp = await Gimp.start(program);
    });
    afterAll(() => gimp?.stop());

    describeHostContract(`GIMP ${version}`, (document) => createEditor(gimp, document));
  },
);

async function createEditor(gimp: Gimp, document: TestDocument): Promise<HostUnderTest> {
  const { width, height, bitDepth, background, layer } = document;
  const type = bitDepth === 8 ? 'u8' : 'u16';
  const back = testPixels(width, height, 3, bitDepth);
  const { image, layers } = await gimp.create({ width, height, precision: bitDepth === 8 ? 150 : 250 }, [
    { name: background.name, x: 0, y: 0, width, height, alpha: false, pixels: encodeSamples(type, back) },
    {
      name: layer.name,
      x: layer.x,
      y: layer.y,
      width: layer.pixels.width,
      height: layer.pixels.height,
      alpha: hasAlpha(layer.pixels.channels),
      pixels: encodeSamples(type, layer.pixels),
    },
  ]);
  const hostOf = (origin: { image: number; layer: number }) =>
    new GimpHost({ port: gimp.port, origin: { ...origin, selected: 1 }, watchInterval: 20 });
  const newest = async () => (await gimp.images()).reduce((a, b) => (a.image > b.image ? a : b));
  return {
    host: hostOf({ image, layer: layers[1]! }),
    undoable: false,
    async hostInFront() {
      const front = await newest();
      return hostOf({ image: front.image, layer: front.layers[0]!.id });
    },
    async select(rect) {
      await gimp.act('select', { image, rect });
    },
    undo: () => Promise.reject(new Error('GIMP offers no undo to programs')),
    closeDocument: async () => void (await gimp.act('close', { image: (await newest()).image })),
    removeActiveLayer: async () => void (await gimp.act('remove', { image, layer: layers[1]! })),
    layers: async () => (await gimp.image(image)).layers.map(({ name, bounds }) => ({ name, bounds })),
    snapshot: () => gimp.images(),
    async dispose() {
      expect(await gimp.hidden()).toBe(0);
      await gimp.closeAll();
    },
  };
}

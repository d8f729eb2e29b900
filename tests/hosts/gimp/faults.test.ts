import sharp from 'sharp';
import { fromPlainError, LWayError, type PlainError } from '../../../src/engine/common/errors';
import { sourceOf } from '../../../src/engine/raster/memory-source';
import { createRaster } from '../../../src/engine/raster/planes';
import type { Channels, PixelSource, Rect } from '../../../src/engine/raster/raster';
import type { Destination, OpenedTarget } from '../../../src/hosts/host';
import type { Question } from '../../../src/hosts/gimp/protocol';
import { GimpHost } from '../../../src/hosts/gimp/gimp-host';
import { decodeSamples, encodeSamples, sampleType } from '../../../src/hosts/gimp/samples';
import { testPixels } from '../contract';
import { Gimp, gimps, nobody, type LayerState } from './support/gimp';

// What went wrong in people's documents once, in real GIMPs.

const never = new AbortController().signal;
const normal = 28;
const multiply = 30;
const whole = (width: number, height: number): Rect => ({ x: 0, y: 0, width, height });

(gimps.length > 0 ? describe : describe.skip).each(gimps.map((gimp) => [gimp.version, gimp] as const))(
  'a real GIMP %s',
  (version, program) => {
    let gimp: Gimp;
    beforeAll(async () => {
      gimp = await Gimp.start(program);
    });
    afterEach(async () => {
      expect(await gimp.hidden()).toBe(0);
      await gimp.closeAll();
    });
    afterAll(() => gimp?.stop());

    interface Made {
      image: number;
      back: number;
      layer: number;
      host: GimpHost;
      notices: string[];
    }

    /** A white background and above it a smaller layer, of the precision's own values. */
    async function make({
      precision = 150,
      base = 'rgb' as 'rgb' | 'gray',
      alpha = false,
      size = { width: 40, height: 30 },
      place = { x: 6, y: 4, width: 24, height: 18 },
    } = {}): Promise<Made> {
      const type = sampleType(precision);
      const colours = base === 'gray' ? 1 : 3;
      const white = createRaster(size.width, size.height, colours);
      white.data.fill(1);
      const pixels = testPixels(place.width, place.height, (colours + (alpha ? 1 : 0)) as Channels, 8);
      const { image, layers } = await gimp.create({ ...size, base, precision }, [
        { name: 'Back', ...whole(size.width, size.height), alpha: false, pixels: encodeSamples(type, white) },
        { name: 'Sub "ject" é', ...place, alpha, pixels: encodeSamples(type, pixels) },
      ]);
      const notices: string[] = [];
      const host = new GimpHost({
        port: gimp.port,
        origin: { image, layer: layers[1]!, selected: 1 },
        onNotice: (message) => notices.push(message),
      });
      return { image, back: layers[0]!, layer: layers[1]!, host, notices };
    }

    const resultFor = ({ source: { info } }: OpenedTarget, scale: number): PixelSource => {
      const [width, height] = [Math.round(info.width * scale), Math.round(info.height * scale)];
      const pixels = testPixels(width, height, info.channels, 8);
      return sourceOf(pixels, { bitDepth: info.bitDepth, encoding: info.encoding });
    };

    async function commit(target: OpenedTarget, scale = 2, destination: Destination = 'layer'): Promise<void> {
      await target.commit(never, { destination, result: resultFor(target, scale), layerName: 'Up' });
    }

    async function upscale(host: GimpHost, what: 'layer' | 'region', scale = 2, destination?: Destination) {
      const target = await host.open(never, what);
      try {
        await commit(target, scale, destination);
      } finally {
        await target.close();
      }
    }

    const select = (image: number, rect: Rect | null, ellipse = false) => gimp.act('select', { image, rect, ellipse });
    const top = async (image: number): Promise<LayerState> => (await gimp.image(image)).layers[0]!;
    const named = async (image: number, name: string) =>
      (await gimp.image(image)).layers.find((layer) => layer.name === name)!;
    const bytesOf = async (item: number) => (await gimp.pixels(item)).bytes;
    const maskBytes = async (layer: number) => bytesOf(await gimp.maskOf(layer));

    async function refusal(work: Promise<unknown>): Promise<PlainError> {
      const error = await work.then(
        () => new Error('it should have been refused'),
        (each: unknown) => each,
      );
      if (!(error instanceof LWayError)) throw error;
      const { code, message, advice } = error;
      expect(fromPlainError({ code, message, advice })).toMatchObject({ code });
      return { code, message, advice };
    }

    test('a floating selection is refused at the beginning, and at the end, and nothing is changed', async () => {
      const { image, layer, host } = await make();
      const target = await host.open(never, 'layer');
      await gimp.act('float', { image, layer });
      const before = await gimp.images();
      expect(await refusal(commit(target))).toMatchObject({
        code: 'document-changed',
        message: expect.stringContaining('floating selection') as string,
      });
      await target.close();
      expect(await refusal(host.open(never, 'layer'))).toMatchObject({
        code: 'unsupported',
        advice: expect.stringContaining('Anchor') as string,
      });
      expect(await gimp.images()).toEqual(before);
    });

    test('the mask is the selection as it was at the beginning', async () => {
      const { image, host } = await make();
      await select(image, { x: 8, y: 6, width: 12, height: 10 }, true);
      const target = await host.open(never, 'region');
      await select(image, { x: 6, y: 4, width: 3, height: 3 });
      await commit(target);
      await target.close();
      const { id, bounds } = await top(image);
      expect(bounds).toEqual({ x: 16, y: 12, width: 24, height: 20 });
      const mask = await maskBytes(id);
      const at = (x: number, y: number) => mask[y * 24 + x];
      expect([at(0, 0), at(23, 0), at(12, 10)]).toEqual([0, 0, 255]);
    });

    test('a small selection does not distort the picture', async () => {
      const { image, host } = await make({
        size: { width: 384, height: 384 },
        place: { x: 0, y: 0, width: 384, height: 384 },
      });
      await select(image, { x: 100, y: 51, width: 32, height: 19 });
      await upscale(host, 'region', 1.5);
      expect(await gimp.image(image)).toMatchObject({
        width: 576,
        height: 576,
        selection: { x: 150, y: 77, width: 48, height: 28 },
      });
      expect((await top(image)).bounds).toEqual({ x: 150, y: 77, width: 48, height: 29 });
    });

    test('a plain rectangle stays one: its edges do not get soft', async () => {
      const { image, host } = await make();
      await select(image, { x: 5, y: 6, width: 11, height: 7 });
      await upscale(host, 'layer', 4);
      const { selection } = await gimp.image(image);
      expect(selection).toEqual({ x: 20, y: 24, width: 44, height: 28 });
      const values = new Set(await bytesOf(await gimp.selectionOf(image)));
      expect([...values].sort()).toEqual([0, 255]);
    });

    test.each([
      ['painting', 'paint', /painted/],
      ['another mode', 'gray', /mode/],
      ['another precision', 'precision', /precision/],
      ['another colour profile', 'profile', /profile/],
      ['a moved layer', 'move', /moved/],
      ['another size', 'resize', /resized/],
      ['a mask', 'mask', /mask/],
      ['the layer gone', 'remove', /removed/],
      ['the image closed', 'close', /closed/],
    ])('%s meanwhile is noticed, and nothing is inserted', async (_what, act, sentence) => {
      const { image, layer, host } = await make();
      const target = await host.open(never, 'layer');
      const bytes = act === 'profile' ? await p3() : act === 'mask' ? new Uint8Array(24 * 18).fill(255) : undefined;
      await gimp.act(act, { image, layer, precision: 250, applied: true }, bytes);
      const before = await gimp.images();
      const error = await refusal(commit(target));
      expect(error.code).toBe('document-changed');
      expect(error.message).toMatch(sentence);
      expect(await gimp.images()).toEqual(before);
      await target.close();
    });

    test('a mask that is painted on meanwhile is noticed', async () => {
      const { image, layer, host } = await make();
      await gimp.act('mask', { image, layer, applied: true }, new Uint8Array(24 * 18).fill(255));
      const target = await host.open(never, 'layer');
      await gimp.act('paint', { image, layer: await gimp.maskOf(layer) });
      expect((await refusal(commit(target))).message).toMatch(/mask was edited/);
      await target.close();
    });

    test('what is read is the layer as it was when it was opened', async () => {
      const { image, layer, host } = await make();
      const target = await host.open(never, 'layer');
      const first = await target.source.read(never, whole(24, 18));
      await gimp.act('paint', { image, layer });
      expect(await target.source.read(never, whole(24, 18))).toEqual(first);
      await target.close();
    });

    test('colours stay what they are, whatever profile the image has', async () => {
      const { image, layer, host } = await make();
      await gimp.act('profile', { image }, await p3());
      const before = await bytesOf(layer);
      const target = await host.open(never, 'layer');
      const { source } = target;
      await target.commit(never, { destination: 'layer', result: source, layerName: 'Same' });
      const copy = await top(image);
      expect(copy.name).toBe('Same');
      expect(await bytesOf(copy.id)).toEqual(before);
      await target.close();
      const again = await host.open(never, 'layer');
      await again.commit(never, { destination: 'document', result: again.source, layerName: 'Other' });
      const made = (await gimp.images()).find((each) => each.image !== image)!;
      expect(await bytesOf(made.layers[0]!.id)).toEqual(before);
      await again.close();
    });

    test('the image stays the one it was opened from, whichever was opened last', async () => {
      const first = await make();
      const second = await make({ size: { width: 50, height: 30 } });
      expect(await first.host.describe(never)).toMatchObject({ id: String(first.image), width: 40 });
      await upscale(first.host, 'layer');
      expect(await gimp.image(first.image)).toMatchObject({ width: 80 });
      expect(await gimp.image(second.image)).toMatchObject({ width: 50 });
    });

    test('Multiply at 40 % stays that, and the original gives way', async () => {
      const { image, layer, host } = await make();
      await gimp.act('blend', { image, layer });
      await upscale(host, 'layer');
      expect(await top(image)).toMatchObject({ name: 'Up', mode: multiply, opacity: 40, visible: true });
      expect(await named(image, 'Sub "ject" é')).toMatchObject({ mode: multiply, opacity: 40, visible: false });
    });

    test('a part of a blended layer leaves the rest of it to be seen', async () => {
      const { image, layer, host } = await make();
      await gimp.act('blend', { image, layer });
      await select(image, { x: 8, y: 6, width: 4, height: 4 });
      await upscale(host, 'region');
      expect(await top(image)).toMatchObject({ mode: multiply, opacity: 40, visible: true, mask: null });
      const original = await named(image, 'Sub "ject" é');
      expect(original).toMatchObject({ visible: true, mask: { applied: true } });
      const mask = await maskBytes(original.id);
      // The layer lies at 12, 8 and is 48 wide by now, the hole at 16, 12 and is 8 by 8.
      const at = (x: number, y: number) => mask[(y - 8) * 48 + x - 12];
      expect([at(12, 8), at(15, 12), at(16, 12), at(23, 19), at(24, 19)]).toEqual([255, 255, 0, 0, 255]);
      const { selection, channels } = await gimp.image(image);
      expect({ selection, channels }).toEqual({ selection: { x: 16, y: 12, width: 8, height: 8 }, channels: 0 });
    });

    test('the layer’s own mask goes along, and where something is selected both count', async () => {
      const { image, layer, host } = await make();
      const half = Uint8Array.from({ length: 24 * 18 }, (_, i) => (i % 24 < 12 ? 0 : 255));
      await gimp.act('mask', { image, layer, applied: true }, half);
      await select(image, { x: 8, y: 6, width: 20, height: 14 }, true);
      await upscale(host, 'region');
      const result = await top(image);
      expect(result).toMatchObject({ bounds: { x: 16, y: 12, width: 40, height: 28 }, mask: { applied: true } });
      const mask = await maskBytes(result.id);
      const at = (x: number, y: number) => mask[y * 40 + x];
      // Hidden by the mask on the left, outside the ellipse in the corner, shown in the middle of the right half.
      expect([at(15, 14), at(39, 0), at(25, 14)]).toEqual([0, 0, 255]);
    });

    test('a layer mask that is switched off stays so, with what it holds', async () => {
      const { image, layer, host } = await make();
      await gimp.act('mask', { image, layer, applied: false }, new Uint8Array(24 * 18).fill(51));
      const target = await host.open(never, 'layer');
      await commit(target);
      await target.close();
      const result = await top(image);
      expect(result.mask).toMatchObject({ applied: false });
      expect(new Set(await maskBytes(result.id))).toEqual(new Set([51]));
      expect(await named(image, 'Sub "ject" é')).toMatchObject({ visible: true });
    });

    test('alpha does not double where the original lies below', async () => {
      const { image, host } = await make({ alpha: true });
      await upscale(host, 'layer');
      expect(await top(image)).toMatchObject({ visible: true });
      expect(await named(image, 'Sub "ject" é')).toMatchObject({ visible: false });
    });

    test.each([
      ['8 bit linear', 100],
      ['16 bit linear', 200],
      ['32 bit linear', 300],
      ['32 bit', 350],
      ['half float, linear', 500],
      ['half float', 550],
      ['float, linear', 600],
      ['float', 650],
      ['double, linear', 700],
    ])('%s: read as it is, told to be linear where it is, written back to the bit', async (_name, precision) => {
      const { image, layer, host } = await make({ precision, alpha: true });
      const before = await bytesOf(layer);
      const target = await host.open(never, 'layer');
      expect(target.source.info).toMatchObject({
        encoding: precision % 100 === 0 ? 'linear' : 'display',
        bitDepth: 32,
      });
      const read = await target.source.read(never, whole(24, 18));
      expect(read).toEqual(decodeSamples(sampleType(precision), before, 24, 18, 4));
      await target.commit(never, { destination: 'layer', result: target.source, layerName: 'Same' });
      await target.close();
      const after = await bytesOf((await top(image)).id);
      // 32-bit integers have more digits than float32 carries.
      if (precision < 300 || precision >= 500) expect(after).toEqual(before);
      else {
        const values = (bytes: Uint8Array) => new Uint32Array(bytes.slice().buffer);
        const [a, b] = [values(after), values(before)];
        expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThanOrEqual(256);
      }
    });

    test('gray stays gray', async () => {
      const { image, host } = await make({ base: 'gray', alpha: true });
      const target = await host.open(never, 'layer');
      expect(target.source.info.channels).toBe(2);
      await commit(target);
      await target.close();
      expect(await top(image)).toMatchObject({ name: 'Up', mode: normal });
      const { bytes } = await gimp.pixels((await top(image)).id);
      expect(bytes).toEqual(encodeSamples('u8', testPixels(48, 36, 2, 8)));
    });

    test('in a group, the result lies in it, above its original', async () => {
      const { image, layer, host } = await make();
      await gimp.act('group', { image, layer });
      await upscale(host, 'layer');
      const { layers } = await gimp.image(image);
      const group = layers.find(({ name }) => name.startsWith('Group') || name.startsWith('Layer Group'))!;
      expect(group.children.map(({ name }) => name)).toEqual(['Up', 'Sub "ject" é']);
    });

    test('a hidden layer is upscaled, and it is said that the result will be seen', async () => {
      const { image, layer, host, notices } = await make();
      await gimp.act('hide', { image, layer });
      await upscale(host, 'layer');
      expect(notices).toEqual([expect.stringMatching(/hidden/)]);
      expect(await top(image)).toMatchObject({ name: 'Up', visible: true });
    });

    test('once the result is gone again, the panel is back at the layer it was opened from', async () => {
      const { image, layer, host } = await make();
      await upscale(host, 'layer');
      expect((await host.describe(never))!.activeLayer).toMatchObject({ name: 'Up' });
      await gimp.act('remove', { image, layer: (await top(image)).id });
      expect((await host.describe(never))!.activeLayer).toMatchObject({ id: String(layer) });
    });

    test.each([
      ['a palette', 'indexed', /palette/, /Mode/],
      ['the layer gone', 'remove', /no longer/, /another/],
    ])('%s: refused with what to do', async (_what, act, message, advice) => {
      const { image, layer, host } = await make();
      await gimp.act(act, { image, layer });
      const error = await refusal(host.open(never, 'layer'));
      expect(error.code).toBe('unsupported');
      expect(error.message).toMatch(message);
      expect(error.advice).toMatch(advice);
    });

    test('a group, several layers or none: refused with what to do', async () => {
      const { image, layer } = await make();
      const { group } = await gimp.act('group', { image, layer });
      const opened = (origin: { layer: number | null; selected: number }) =>
        refusal(new GimpHost({ port: gimp.port, origin: { image, ...origin } }).open(never, 'layer'));
      expect((await opened({ layer: group!, selected: 1 })).message).toMatch(/layer group/);
      expect((await opened({ layer: null, selected: 3 })).message).toMatch(/3 layers/);
      expect((await opened({ layer: null, selected: 0 })).message).toMatch(/No layer/);
    });

    // While LWay has images that nobody sees.
    const moments = version === '2.10' ? ['gimp-image-duplicate', 'gimp-xcf-load'] : ['stage'];
    const count = async () => (await gimp.images()).length + (await gimp.hidden());
    const start = async () =>
      expect((await gimp.port.ask(never, { op: 'hello' })).answer).toMatchObject({ mode: 'panel' });

    /** Upscales in an LWay of its own, to which something happens. */
    async function upscaleElsewhere(
      { image, layer }: Made,
      event: { after: string; then: 'die' | 'meet' } | null,
      destination?: Destination,
    ) {
      const { port, socket, ended } = await gimp.another();
      if (event) await port.ask(never, { op: 'test_event', ...event } as unknown as Question);
      const host = new GimpHost({ port, origin: { image, layer, selected: 1 } });
      const outcome = await upscale(host, 'layer', 2, destination).then(
        () => 'done',
        (error: LWayError) => error.code,
      );
      socket.destroy();
      await ended;
      return outcome;
    }

    test.each(moments)('killed after %s: what it leaves in GIMP goes when LWay starts again', async (after) => {
      const made = await make();
      const before = await gimp.images();
      expect(await upscaleElsewhere(made, { after, then: 'die' })).toBe('document-changed');
      expect(await count()).toBe(2);
      await start();
      expect(await gimp.images()).toEqual(before);
      // The picture is as any other again: a script's hidden copy of it is the script's.
      await gimp.act('duplicate', made);
      await start();
      expect(await count()).toBe(2);
    });

    test.each(moments)('started after %s: it leaves another LWay’s images alone', async (after) => {
      const made = await make();
      expect(await upscaleElsewhere(made, { after, then: 'meet' })).toBe('done');
      expect((await top(made.image)).name).toBe('Up');
    });

    test('a copy that was made while two worked on its original stays as long as one of them runs', async () => {
      const { image } = await make();
      for (const owner of [nobody, process.pid]) await gimp.act('mark', { image, owner });
      await start();
      expect(await count()).toBe(1);
    });

    test.each(['layer', 'document'] as const)('a result as a new %s stays, and copies of it', async (destination) => {
      const made = await make();
      expect(await upscaleElsewhere(made, null, destination)).toBe('done');
      for (const { image } of await gimp.images()) await gimp.act('duplicate', { image });
      const before = await gimp.images();
      await start();
      expect(await gimp.images()).toEqual(before);
    });

    test('an error of GIMP’s is passed on in a sentence, and the conversation goes on', async () => {
      const { host } = await make();
      const target = await host.open(never, 'layer');
      await target.close();
      expect(await refusal(commit(target))).toMatchObject({ code: 'unsupported' });
      expect(await host.describe(never)).toMatchObject({ width: 40 });
    });
  },
);

async function p3(): Promise<Uint8Array> {
  const red = sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } });
  const png = await red.withIccProfile('p3').png().toBuffer();
  return (await sharp(png).metadata()).icc!;
}

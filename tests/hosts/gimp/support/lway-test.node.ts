// The plug-in for GIMP 2.10 itself, which also does what a person could do in GIMP. For the tests.
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Rect } from '../../../../src/engine/raster/raster';
import { Pdb } from '../../../../src/hosts/gimp/plug-in2/pdb';
import { serve } from '../../../../src/hosts/gimp/plug-in2/serve';
import { Session, type Answer } from '../../../../src/hosts/gimp/plug-in2/session';
import { Wire, type Arg, type Value } from '../../../../src/hosts/gimp/plug-in2/wire';
import { XcfFile, type XcfPixels } from '../../../../src/hosts/gimp/plug-in2/xcf';
import { XcfWriter } from '../../../../src/hosts/gimp/plug-in2/xcf-writer';
import { sampleBytes, sampleType } from '../../../../src/hosts/gimp/samples';
import type { Question } from '../../../../src/hosts/gimp/protocol';

interface NewLayer {
  name: string;
  x: number;
  y: number;
  width: number;
  height: number;
  alpha: boolean;
  bytes: number;
}

type Task = { op: string; image: number; layer: number; item: number; what: string } & Record<string, unknown>;

/** Where something happens to the plug-in right after a procedure of GIMP's. */
class EventfulWire extends Wire {
  event: { after: string; then: 'die' | 'meet' } | null = null;

  override call(name: string, ...args: readonly Arg[]): Value[] {
    const values = super.call(name, ...args);
    const { event } = this;
    if (event?.after !== name) return values;
    this.event = null;
    if (event.then === 'die') process.kill(process.pid, 'SIGKILL');
    super.call('lway-test', ['int32', runMode.start]);
    return values;
  }
}

const runMode = { serve: 1, start: 2 };

class TestSession extends Session {
  constructor(
    private readonly wire: EventfulWire,
    private readonly gimp: Pdb,
  ) {
    super(gimp, -1, null, 'panel');
  }

  override answer(question: Question, bytes: Uint8Array): Answer {
    if (!question.op.startsWith('test_')) return super.answer(question, bytes);
    try {
      return this.test(question as unknown as Task, bytes);
    } catch (error) {
      return { answer: { error: { code: 'failed', message: String(error) } } };
    }
  }

  private call(name: string, ...args: Arg[]): Value[] {
    return this.wire.call(name, ...args);
  }

  private test(task: Task, bytes: Uint8Array): Answer {
    switch (task.op) {
      case 'test_create':
        return { answer: this.create(task, bytes) };
      case 'test_images': {
        const images = this.call('gimp-image-list')[1] as number[];
        const seen = images.filter((image) => this.call('gimp-image-undo-is-enabled', ['image', image])[0] === 1);
        const hidden = images.length - seen.length;
        return { answer: { images: seen.map((image) => this.state(image)), hidden } };
      }
      case 'test_pixels': {
        const pixels = this.read(task.item);
        const all = pixels.bytes;
        return { answer: { width: pixels.width, height: pixels.height }, bytes: all };
      }
      case 'test_mask_of':
        return { answer: { item: this.gimp.mask(task.layer) } };
      case 'test_selection_of':
        return { answer: { item: this.call('gimp-image-get-selection', ['image', task.image])[0] } };
      case 'test_another':
        try {
          this.call('lway-test', ['int32', runMode.serve]);
        } catch {
          // It was killed.
        }
        return { answer: {} };
      case 'test_event':
        this.wire.event = task as unknown as EventfulWire['event'];
        return { answer: {} };
      default:
        return { answer: this.act(task, bytes) };
    }
  }

  private create(task: Task, bytes: Uint8Array): object {
    const { width, height, base, precision, layers } = task as unknown as {
      width: number;
      height: number;
      base: 'rgb' | 'gray';
      precision: number;
      layers: NewLayer[];
    };
    const type = base === 'gray' ? 1 : 0;
    const [image] = this.call(
      'gimp-image-new-with-precision',
      ['int32', width],
      ['int32', height],
      ['int32', type],
      ['int32', precision],
    ) as [number];
    let at = 0;
    const ids = layers.map((each) => {
      const id = this.layerFrom(image, base, precision, each, bytes.subarray(at, at + each.bytes));
      at += each.bytes;
      this.call('gimp-image-insert-layer', ['image', image], ['layer', id], ['layer', -1], ['int32', 0]);
      this.call('gimp-layer-set-offsets', ['layer', id], ['int32', each.x], ['int32', each.y]);
      return id;
    });
    return { image, layers: ids };
  }

  private layerFrom(
    image: number,
    base: 'rgb' | 'gray',
    precision: number,
    layer: NewLayer,
    bytes: Uint8Array,
  ): number {
    const folder = mkdtempSync(join(tmpdir(), 'lway-test-gimp-'));
    try {
      const path = join(folder, 'layer.xcf');
      const { name, width, height, alpha } = layer;
      const valueBytes = sampleBytes[sampleType(precision)];
      const file = new XcfWriter(path, {
        width,
        height,
        base,
        alpha,
        precision,
        valueBytes,
        mask: false,
        profile: this.gimp.profile(image),
        name,
        mark: null,
      });
      file.write('pixels', 0, height, bytes);
      file.close();
      const loaded = this.gimp.load(path);
      const id = this.gimp.copyInto(this.gimp.layers(loaded)[0]!, image);
      this.gimp.delete(loaded);
      this.gimp.setName(id, name);
      return id;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  private state(image: number): object {
    const { gimp } = this;
    const all = this.saved(image);
    const active = this.call('gimp-image-get-active-layer', ['image', image])[0] as number;
    const layers = (ids: readonly number[]): object[] =>
      ids.map((id) => {
        const mask = gimp.mask(id);
        const group = gimp.itemIsGroup(id);
        return {
          id,
          name: gimp.itemName(id),
          bounds: gimp.bounds(id),
          opacity: gimp.opacity(id),
          mode: this.call('gimp-layer-get-mode', ['layer', id])[0],
          visible: gimp.visible(id),
          mask: mask === null ? null : { applied: gimp.maskApplied(id), pixels: digest(all(id).mask!) },
          pixels: group ? null : digest(all(id).pixels),
          children: group ? layers(gimp.children(id)) : [],
        };
      });
    const selection = all(null).selection;
    const result = {
      image,
      ...gimp.imageSize(image),
      selection: gimp.selection(image),
      selected: selection ? digest(selection) : '',
      channels: gimp.channels(image).length,
      layers: layers(gimp.layers(image)),
      active: active < 0 ? [] : [active],
    };
    this.forget();
    return result;
  }

  private descriptors: number[] = [];

  /** All of an image in a file, layers found by their order. */
  private saved(
    image: number,
  ): (layer: number | null) => { pixels: XcfPixels; mask: XcfPixels | null; selection: XcfPixels | null } {
    const { gimp } = this;
    const folder = mkdtempSync(join(tmpdir(), 'lway-test-gimp-'));
    const path = join(folder, 'image.xcf');
    const layers = gimp.layers(image);
    gimp.save(image, layers[0] ?? -1, path);
    const descriptor = openSync(path, 'r');
    this.descriptors.push(descriptor);
    rmSync(folder, { recursive: true });
    const file = new XcfFile(descriptor, sampleBytes[sampleType(gimp.precision(image))]);
    const order: number[] = [];
    const walk = (ids: readonly number[]) => {
      for (const id of ids) {
        order.push(id);
        if (gimp.itemIsGroup(id)) walk(gimp.children(id));
      }
    };
    walk(layers);
    return (layer) => {
      const found = file.layers[layer === null ? 0 : order.indexOf(layer)]!;
      return { pixels: found.pixels, mask: found.mask, selection: file.selection };
    };
  }

  private forget(): void {
    for (const each of this.descriptors.splice(0)) closeSync(each);
  }

  private read(item: number): { width: number; height: number; bytes: Uint8Array } {
    const image = this.gimp.itemImage(item);
    const isLayer = this.gimp.itemIsLayer(item);
    const layer = isLayer ? item : this.gimp.layerOf(item);
    const all = this.saved(image)(layer);
    const pixels = isLayer ? all.pixels : layer === null ? all.selection! : all.mask!;
    const { width, height } = pixels;
    const bytes = pixels.read({ x: 0, y: 0, width, height });
    this.forget();
    return { width, height, bytes };
  }

  private act(task: Task, bytes: Uint8Array): object {
    const { image, layer, what } = task;
    const i: Arg = ['image', image];
    const l: Arg = ['layer', layer];
    switch (what) {
      case 'select': {
        const rect = task['rect'] as Rect | null;
        if (!rect) this.gimp.selectNone(image);
        else {
          const sides = [rect.x, rect.y, rect.width, rect.height].map((each): Arg => ['float', each]);
          this.call(
            task['ellipse'] ? 'gimp-image-select-ellipse' : 'gimp-image-select-rectangle',
            i,
            ['int32', 2],
            ...sides,
          );
        }
        break;
      }
      case 'show':
        this.call('gimp-display-new', i);
        break;
      case 'close':
        this.gimp.delete(image);
        break;
      case 'mark': {
        // As a copy of another image.
        const name = `lway-hidden-${task['owner'] as number}-${image + 1}`;
        this.call('gimp-image-attach-parasite', i, ['parasite', name]);
        break;
      }
      case 'duplicate':
        this.call('gimp-image-duplicate', i);
        break;
      case 'remove':
        this.gimp.removeLayer(image, layer);
        break;
      case 'blend':
        this.call('gimp-layer-set-mode', l, ['int32', 30]);
        this.call('gimp-layer-set-opacity', l, ['float', 40]);
        break;
      case 'hide':
        this.gimp.hide(layer);
        break;
      case 'mask': {
        this.gimp.addWhiteMask(layer);
        const mask = this.gimp.mask(layer)!;
        const { width } = this.gimp.bounds(layer);
        bytes.forEach((value, at) => {
          if (value === 255) return;
          const place: Arg[] = [
            ['int32', at % width],
            ['int32', Math.floor(at / width)],
            ['int32', 1],
            ['int8Array', [value]],
          ];
          this.call('gimp-drawable-set-pixel', ['drawable', mask], ...place);
        });
        this.gimp.applyMask(layer, task['applied'] as boolean);
        break;
      }
      case 'float':
        this.call(
          'gimp-image-select-rectangle',
          i,
          ['int32', 2],
          ['float', 8],
          ['float', 6],
          ['float', 8],
          ['float', 8],
        );
        this.call('gimp-selection-float', ['drawable', layer], ['int32', 2], ['int32', 2]);
        break;
      case 'paint':
        this.call('gimp-context-set-foreground', ['color', [1, 0, 0, 1]]);
        this.call('gimp-drawable-fill', ['drawable', layer], ['int32', 0]);
        break;
      case 'gray':
        this.call('gimp-image-convert-grayscale', i);
        break;
      case 'indexed':
        this.call(
          'gimp-image-convert-indexed',
          i,
          ['int32', 0],
          ['int32', 0],
          ['int32', 8],
          ['int32', 0],
          ['int32', 0],
          ['string', ''],
        );
        break;
      case 'precision':
        this.call('gimp-image-convert-precision', i, ['int32', task['precision'] as number]);
        break;
      case 'profile':
        this.call('gimp-image-set-color-profile', i, ['int32', bytes.length], ['int8Array', [...bytes]]);
        break;
      case 'move':
        this.call('gimp-layer-set-offsets', l, ['int32', 0], ['int32', 0]);
        break;
      case 'resize': {
        const { width, height } = this.gimp.imageSize(image);
        this.call('gimp-image-resize', i, ['int32', width + 5], ['int32', height], ['int32', 0], ['int32', 0]);
        break;
      }
      case 'group': {
        const [group] = this.call('gimp-layer-group-new', i) as [number];
        this.call('gimp-image-insert-layer', i, ['layer', group], ['layer', -1], ['int32', 0]);
        this.call('gimp-image-reorder-item', i, ['item', layer], ['item', group], ['int32', 0]);
        return { group };
      }
      default:
        throw new Error(what);
    }
    return {};
  }
}

function digest(pixels: XcfPixels): string {
  const { width, height } = pixels;
  return createHash('md5')
    .update(pixels.read({ x: 0, y: 0, width, height }))
    .digest('hex');
}

async function main(): Promise<void> {
  const [, script, , input, output, mode] = process.argv;
  const wire = new EventfulWire(Number(input), Number(output));
  if (mode === '-query') {
    const args = [{ type: 'int32', name: 'run-mode', description: '' }] as const;
    wire.install({ name: 'lway-test', blurb: 'Test', help: 'Test', label: 'Test', imageTypes: '', args });
  } else if (mode === '-run') {
    const { name, args } = wire.nextRun();
    const session = new TestSession(wire, new Pdb(wire));
    const { command } = JSON.parse(readFileSync(join(dirname(script!), 'lway-test.json'), 'utf8')) as {
      command: string[];
    };
    if (args[0] === runMode.start) session.answer({ op: 'hello' }, new Uint8Array(0));
    wire.finish(name, args[0] === runMode.start ? null : await serve(session, command));
  }
  wire.quit();
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`lway-test: ${(error as Error).stack}\n`);
  process.exit(1);
});

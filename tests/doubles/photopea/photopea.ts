import { decode, encode } from 'fast-png';
import type { PhotopeaPort } from '../../../src/hosts/photopea/port';

/** One layer's pixels, RGBA, straight alpha; never changed in place, so that history can share them. */
export interface FakeLayer {
  readonly id: number;
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** A folder has layers and no pixels. */
  readonly layers?: readonly FakeLayer[];
}

export interface FakeState {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Topmost first. */
  readonly layers: readonly FakeLayer[];
  readonly active: number;
  readonly selection: readonly [number, number, number, number] | null;
}

/** A layer as scripts see it; the rest of its members they find by name. */
interface FakeLayerObject {
  readonly id: number;
  readonly [member: string]: unknown;
}

interface FakeDocument {
  key: number;
  history: FakeState[];
  at: number;
}

export interface FakePhotopeaOptions {
  /** Sends "done" and other stray texts where Photopea has been seen to, and files after the script's own "done". */
  chaos?: boolean;
  /** Scripts whose text holds this throw at the given call instead. */
  failAt?: 'duplicate' | 'resizeImage' | 'close';
}

/**
 * A strict double of Photopea, as far as its documentation, its issues and published plug-ins tell (docs/photopea.md):
 * scripts in ES5 one after the other, answers by echo and file, "done" after each and now and then besides; documents
 * and layers as new objects at each access, so that none equals another; sizes with units; a layer's bounds not to be had
 * while something is selected; files opened in their own time; no error ever told.
 */
export class FakePhotopea {
  private readonly documents: FakeDocument[] = [];
  private activeKey = 0;
  private nextKey = 1;
  private readonly inbox: (string | ArrayBuffer)[] = [];
  private busy = false;
  private readonly handlers = new Set<(data: unknown) => void>();
  readonly scripts: string[] = [];

  constructor(readonly options: FakePhotopeaOptions = {}) {}

  readonly port: PhotopeaPort = {
    post: (message) => {
      this.inbox.push(typeof message === 'string' ? message : structuredClone(message));
      void this.work();
    },
    listen: (handler) => {
      this.handlers.add(handler);
      return () => this.handlers.delete(handler);
    },
  };

  add(state: Omit<FakeState, 'active' | 'selection'> & Partial<FakeState>): number {
    const key = this.nextKey++;
    this.documents.push({ key, history: [{ active: state.layers[0]?.id ?? 0, selection: null, ...state }], at: 0 });
    this.activeKey = key;
    return key;
  }

  newId(): number {
    return this.nextKey++;
  }

  get active(): FakeDocument {
    return this.get(this.activeKey);
  }

  get isEmpty(): boolean {
    return this.documents.length === 0;
  }

  state(document = this.active): FakeState {
    return document.history[document.at]!;
  }

  states(): FakeState[] {
    return this.documents.map((document) => this.state(document));
  }

  change(change: Partial<FakeState>, document = this.active): void {
    document.history.length = document.at + 1;
    document.history.push({ ...this.state(document), ...change });
    document.at++;
  }

  close(key = this.activeKey): void {
    const at = this.documents.findIndex((document) => document.key === key);
    if (at < 0) throw new Error('the document is closed');
    this.documents.splice(at, 1);
    if (this.activeKey === key) this.activeKey = this.documents.at(-1)?.key ?? 0;
  }

  private get(key: number): FakeDocument {
    const found = this.documents.find((document) => document.key === key);
    if (!found) throw new Error('the document is closed');
    return found;
  }

  private send(data: unknown): void {
    for (const handler of [...this.handlers]) handler(data);
  }

  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    for (let message = this.inbox.shift(); message !== undefined; message = this.inbox.shift()) {
      await pause();
      if (this.options.chaos) this.send('MSFAPI#ping');
      if (typeof message === 'string') await this.runScript(message);
      else void this.openFile(message);
    }
    this.busy = false;
  }

  private async openFile(file: ArrayBuffer): Promise<void> {
    await pause(20);
    const { width, height, data, channels } = decode(new Uint8Array(file));
    const rgba = new Uint8Array(width * height * 4);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[i * channels + (channels < 3 ? 0 : c)]!;
      rgba[4 * i + 3] = channels % 2 ? 255 : data[i * channels + channels - 1]!;
    }
    const layer = { id: this.newId(), name: 'Background', x: 0, y: 0, width, height, data: rgba };
    this.add({ name: 'Untitled', width, height, layers: [layer] });
    this.send('done');
  }

  private async runScript(script: string): Promise<void> {
    this.scripts.push(script);
    const outside = script.replace(/"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|\/\/[^\n]*/g, '');
    if (/\b(let|const|class|async)\b|=>|`/.test(outside)) return this.send('done'); // beyond ES5: nothing runs
    const texts: unknown[] = [];
    const files: ArrayBuffer[] = [];
    try {
      const names = ['app', 'ElementPlacement', 'SaveOptions', 'ResampleMethod', 'BlendMode'];
      const run = new Function(...names, script) as (...values: unknown[]) => void;
      const placement = { INSIDE: 'inside', PLACEATBEGINNING: 'beginning', PLACEBEFORE: 'before' };
      const app = this.app(
        (text) => texts.push(text),
        (file) => files.push(file),
      );
      run(app, placement, { DONOTSAVECHANGES: 'no' }, { BICUBIC: 'bicubic' }, { NORMAL: 'normal' });
    } catch {
      // nobody is told
    }
    const chaos = this.options.chaos ?? false;
    if (chaos) this.send('done');
    if (!chaos) for (const file of files) this.send(file);
    for (const text of texts) this.send(text);
    this.send('done');
    if (chaos) {
      await pause(5);
      for (const file of files) this.send(file);
    }
  }

  private app(echo: (text: string) => void, save: (file: ArrayBuffer) => void): object {
    // Getters below have a `this` of their own.
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const fake = this;
    return {
      get documents() {
        const list = fake.documents.map(({ key }) => fake.document(key, save));
        return Object.assign(list, {
          add: (width: number, height: number, _resolution: number, name: string) => {
            const blank = { id: fake.newId(), name: 'Background', x: 0, y: 0, width, height };
            const key = fake.add({ name, width, height, layers: [{ ...blank, data: white(width, height) }] });
            return fake.document(key, save);
          },
        });
      },
      get activeDocument() {
        return fake.document(fake.activeKey, save);
      },
      set activeDocument(document: { key: number }) {
        fake.activeKey = fake.get(document.key).key;
      },
      echoToOE: echo,
    };
  }

  private document(key: number, save: (file: ArrayBuffer) => void): { key: number } {
    // Getters below have a `this` of their own.
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const fake = this;
    const state = () => fake.state(fake.get(key));
    const change = (part: Partial<FakeState>) => fake.change(part, fake.get(key));
    state();
    const fail = (call: FakePhotopeaOptions['failAt']) => {
      if (fake.options.failAt === call) throw new Error(`${call} failed`);
    };
    return {
      key,
      get name() {
        return state().name;
      },
      set name(name: string) {
        change({ name });
      },
      get width() {
        return units(state().width);
      },
      get height() {
        return units(state().height);
      },
      resolution: 72,
      get layers() {
        return state().layers.map(({ id }) => fake.layer(key, id));
      },
      get activeLayer(): { id: number } | null {
        const { active } = state();
        return active === 0 ? null : fake.layer(key, active);
      },
      set activeLayer(layer: { id: number } | null) {
        change({ active: layer?.id ?? 0 });
      },
      get selection() {
        return {
          get bounds() {
            return state().selection?.map(units) ?? null;
          },
          deselect: () => change({ selection: null }),
        };
      },
      get activeHistoryState() {
        return { at: fake.get(key).at };
      },
      set activeHistoryState({ at }: { at: number }) {
        fake.get(key).at = at;
      },
      resizeImage(width: number, height: number) {
        fail('resizeImage');
        const { layers, width: w, height: h, selection } = state();
        const scaled = layers.map((layer) => enlarge(layer, width / w, height / h));
        const [fx, fy] = [width / w, height / h];
        const box =
          selection && ([selection[0] * fx, selection[1] * fy, selection[2] * fx, selection[3] * fy] as const);
        change({ width, height, layers: scaled, selection: box });
      },
      saveToOE(format: string) {
        if (format !== 'png') throw new Error('another format');
        save(composite(state()));
      },
      close() {
        fail('close');
        fake.close(key);
      },
    } as { key: number };
  }

  private layer(key: number, id: number): FakeLayerObject {
    // Getters below have a `this` of their own.
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const fake = this;
    const all = () => fake.state(fake.get(key)).layers;
    const own = () => {
      const found = all().find((layer) => layer.id === id);
      if (!found) throw new Error('the layer is gone');
      return found;
    };
    const put = (change: Partial<FakeLayer>) =>
      fake.change({ layers: all().map((each) => (each.id === id ? { ...each, ...change } : each)) }, fake.get(key));
    own();
    return {
      id,
      get typename() {
        return own().layers ? 'LayerSet' : 'ArtLayer';
      },
      get layers() {
        return own().layers;
      },
      get name() {
        return own().name;
      },
      set name(name: string) {
        put({ name });
      },
      get bounds() {
        if (fake.state(fake.get(key)).selection) throw new Error('something is selected');
        const { x, y, width, height } = own();
        return [x, y, x + width, y + height].map(units);
      },
      duplicate(target: { key: number }) {
        if (fake.options.failAt === 'duplicate' && fake.state(fake.get(target.key)).name !== 'LWay') {
          throw new Error('duplicate failed');
        }
        const document = fake.get(target.key);
        const copy = { ...own(), id: fake.newId() };
        fake.change({ layers: [copy, ...fake.state(document).layers], active: copy.id }, document);
        return fake.layer(target.key, copy.id);
      },
      remove() {
        const layers = all().filter((layer) => layer.id !== id);
        const { active } = fake.state(fake.get(key));
        fake.change({ layers, active: active === id ? (layers[0]?.id ?? 0) : active }, fake.get(key));
      },
      translate(dx: number, dy: number) {
        const { x, y } = own();
        put({ x: x + dx, y: y + dy });
      },
      move(other: { id: number }) {
        const moved = own();
        const rest = all().filter((layer) => layer.id !== id);
        const at = rest.findIndex((layer) => layer.id === other.id);
        fake.change({ layers: [...rest.slice(0, at), moved, ...rest.slice(at)] }, fake.get(key));
      },
    };
  }
}

function pause(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A size as ExtendScript has it. */
function units(value: number): object {
  return { value, unit: 'px', valueOf: () => value, toString: () => `${value} px` };
}

function white(width: number, height: number): Uint8Array {
  return new Uint8Array(width * height * 4).fill(255);
}

function enlarge(layer: FakeLayer, fx: number, fy: number): FakeLayer {
  const [width, height] = [Math.round(layer.width * fx), Math.round(layer.height * fy)];
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / fy) * layer.width + Math.floor(x / fx)) * 4;
      data.set(layer.data.subarray(from, from + 4), (y * width + x) * 4);
    }
  }
  return { ...layer, x: Math.round(layer.x * fx), y: Math.round(layer.y * fy), width, height, data };
}

/** Normal blending on a transparent canvas; what lies outside is cut off. */
function composite({ width, height, layers }: FakeState): ArrayBuffer {
  const out = new Uint8Array(width * height * 4);
  for (const layer of [...layers].reverse()) {
    for (let y = 0; y < layer.height; y++) {
      for (let x = 0; x < layer.width; x++) {
        const [px, py] = [layer.x + x, layer.y + y];
        if (px < 0 || py < 0 || px >= width || py >= height) continue;
        const from = (y * layer.width + x) * 4;
        const to = (py * width + px) * 4;
        const above = layer.data[from + 3]! / 255;
        const below = out[to + 3]! / 255;
        const alpha = above + below * (1 - above);
        if (alpha === 0) continue;
        for (let c = 0; c < 3; c++) {
          out[to + c] = Math.round((layer.data[from + c]! * above + out[to + c]! * below * (1 - above)) / alpha);
        }
        out[to + 3] = Math.round(alpha * 255);
      }
    }
  }
  const png = encode({ width, height, data: out, channels: 4, depth: 8 });
  return png.buffer.slice(png.byteOffset, png.byteOffset + png.byteLength) as ArrayBuffer;
}

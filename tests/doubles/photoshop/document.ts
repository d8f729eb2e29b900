import { constants, type Mode } from './constants';
import { contentOf, cropPlane, isEmpty, makePlane, scalePlane, type Edges, type Plane } from './plane';
import type { FakePhotoshop } from './photoshop';
import {
  boundsOf,
  compositeOf,
  copyState,
  findPlace,
  selectedBounds,
  type DocumentState,
  type DocumentTraits,
  type LayerState,
  type Place,
} from './state';

/** Components of a layer's pixels, alpha included. */
export function componentsOf(mode: Mode): number {
  return mode === 'grayscaleMode' ? 2 : mode === 'CMYKColorMode' ? 5 : 4;
}

export class FakeHistoryState {
  constructor(
    readonly id: number,
    readonly name: string,
    readonly state: DocumentState,
  ) {}
}

/** A document as the plugin sees it. Mutations outside a modal scope are refused. */
export class FakeDocument {
  readonly history: FakeHistoryState[] = [];
  /** What the document was when its history was suspended. */
  suspended: { name: string; before: DocumentState; changed: boolean } | null = null;
  readonly selection: FakeSelection;

  constructor(
    readonly ps: FakePhotoshop,
    readonly id: number,
    public name: string,
    readonly traits: DocumentTraits,
    public state: DocumentState,
  ) {
    this.selection = new FakeSelection(this);
    this.push('Open');
  }

  get width() {
    return this.state.width;
  }
  get height() {
    return this.state.height;
  }
  get resolution() {
    return this.traits.resolution;
  }
  get mode() {
    return this.traits.mode;
  }
  get bitsPerChannel() {
    return `bitDepth${this.traits.depth}`;
  }
  get colorProfileName() {
    return this.traits.profile;
  }
  get layers() {
    return this.state.layers.map(({ id }) => new FakeLayer(this, id));
  }
  get activeLayers() {
    return this.state.active.map((id) => new FakeLayer(this, id));
  }
  get backgroundLayer() {
    const layer = this.state.layers.find(({ background }) => background);
    return layer ? new FakeLayer(this, layer.id) : null;
  }
  get historyStates() {
    return this.history;
  }
  get activeHistoryState() {
    return this.history[this.history.length - 1]!;
  }
  get channels() {
    return this.state.channels.map(({ name }) => ({
      name,
      remove: async () => {
        await this.ps.mutate(this, 'Delete Channel', () => {
          this.state.channels = this.state.channels.filter((channel) => channel.name !== name);
        });
      },
    }));
  }

  push(name: string): void {
    if (this.suspended) this.suspended.changed = true;
    else this.history.push(new FakeHistoryState(this.ps.nextId(), name, copyState(this.state)));
  }

  place(id: number): Place {
    const place = findPlace(this.state.layers, id);
    if (!place) throw new Error(`The layer ${id} does not exist.`);
    return place;
  }

  async resizeImage(width: number, height: number): Promise<void> {
    await this.ps.mutate(this, 'Image Size', () => {
      this.ps.requireActive(this, 'resizeImage');
      if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 1 && height >= 1)) {
        throw new Error('resizeImage: sizes must be whole pixels.');
      }
      if (width > 300000 || height > 300000) throw new Error('The document would be too large.');
      const sx = width / this.state.width;
      const sy = height / this.state.height;
      const scale = (layer: LayerState) => {
        if (layer.plane) layer.plane = scalePlane(layer.plane, sx, sy);
        if (layer.mask) layer.mask = scalePlane(layer.mask, sx, sy);
        if (layer.vectorMask) layer.vectorMask = scalePlane(layer.vectorMask, sx, sy);
        layer.children?.forEach(scale);
      };
      this.state.layers.forEach(scale);
      for (const channel of this.state.channels) channel.plane = scalePlane(channel.plane, sx, sy);
      // Nobody documents what becomes of a live selection: whoever relies on it is found out here.
      this.state.selection = null;
      Object.assign(this.state, { width, height });
    });
  }

  async createPixelLayer({ name = 'Layer' }: { name?: string } = {}): Promise<FakeLayer> {
    return this.ps.mutate(this, 'New Layer', () => {
      this.ps.requireActive(this, 'createPixelLayer');
      const layer = this.emptyLayer(name);
      const active = this.state.active[0];
      const place = active === undefined ? null : findPlace(this.state.layers, active);
      if (place?.parent?.allLocked) throw new Error('The group is locked.');
      const siblings = place?.siblings ?? this.state.layers;
      siblings.splice(place ? siblings.indexOf(place.layer) : 0, 0, layer);
      this.state.active = [layer.id];
      return new FakeLayer(this, layer.id);
    });
  }

  emptyLayer(name: string): LayerState {
    const none = { left: 0, top: 0, right: 0, bottom: 0 };
    return layerState(this.ps.nextId(), name, makePlane(none, componentsOf(this.mode), true, this.traits.depth));
  }
}

export function layerState(id: number, name: string, plane: Plane | null, more: Partial<LayerState> = {}): LayerState {
  return {
    id,
    name,
    kind: constants.LayerKind.NORMAL,
    visible: true,
    opacity: 100,
    blendMode: constants.BlendMode.NORMAL,
    allLocked: false,
    background: false,
    plane,
    mask: null,
    maskEnabled: true,
    maskDensity: 255,
    maskFeather: 0,
    vectorMask: null,
    adjust: null,
    children: null,
    ...more,
  };
}

/** Looks its layer up by id each time, as Photoshop's objects do: what is gone throws. */
export class FakeLayer {
  constructor(
    readonly document: FakeDocument,
    readonly id: number,
  ) {}

  private get state(): LayerState {
    return this.document.place(this.id).layer;
  }
  private set(name: string, change: (state: LayerState) => void): void {
    this.document.ps.mutateNow(this.document, name, () => change(this.state));
  }

  get kind() {
    return this.state.kind;
  }
  get isBackgroundLayer() {
    return this.state.background;
  }
  get name() {
    return this.state.name;
  }
  set name(value: string) {
    this.set('Rename Layer', (state) => (state.name = value));
  }
  get visible() {
    return this.state.visible;
  }
  set visible(value: boolean) {
    this.set('Layer Visibility', (state) => (state.visible = value));
  }
  get opacity() {
    return this.state.opacity;
  }
  set opacity(value: number) {
    this.set('Opacity', (state) => (state.opacity = value));
  }
  get blendMode() {
    return this.state.blendMode;
  }
  set blendMode(value: string) {
    this.set('Blending', (state) => (state.blendMode = value));
  }
  get allLocked() {
    return this.state.allLocked;
  }
  set allLocked(value: boolean) {
    this.set('Lock', (state) => (state.allLocked = value));
  }
  get layerMaskFeather() {
    return this.state.maskFeather;
  }
  set layerMaskFeather(value: number) {
    this.set('Feather', (state) => (state.maskFeather = value));
  }
  get bounds(): Edges {
    return this.boundsNoEffects;
  }
  get boundsNoEffects(): Edges {
    const { state } = this;
    if (state.adjust) return { left: 0, top: 0, right: this.document.width, bottom: this.document.height };
    return boundsOf(state);
  }
  get layers() {
    return this.state.children?.map(({ id }) => new FakeLayer(this.document, id)) ?? null;
  }
  get parent() {
    const { parent } = this.document.place(this.id);
    return parent && new FakeLayer(this.document, parent.id);
  }

  delete(): void {
    this.document.ps.mutateNow(this.document, 'Delete Layer', () => {
      const { siblings, layer } = this.document.place(this.id);
      siblings.splice(siblings.indexOf(layer), 1);
    });
  }

  move(other: FakeLayer, where: string): void {
    this.document.ps.mutateNow(this.document, 'Move Layer', () => {
      if (where !== constants.ElementPlacement.PLACEBEFORE) throw new Error(`move: ${where} is not doubled.`);
      const from = this.document.place(this.id);
      from.siblings.splice(from.siblings.indexOf(from.layer), 1);
      const to = this.document.place(other.id);
      to.siblings.splice(to.siblings.indexOf(to.layer), 0, from.layer);
    });
  }

  async duplicate(): Promise<FakeLayer> {
    const { document } = this;
    return document.ps.mutate(document, 'Duplicate Layer', () => {
      document.ps.requireActive(document, 'duplicate');
      const { siblings, layer } = document.place(this.id);
      const renumber = (one: LayerState): LayerState => ({
        ...one,
        id: document.ps.nextId(),
        background: false,
        children: one.children && one.children.map(renumber),
      });
      const copy = renumber(copyState({ ...document.state, layers: [layer] }).layers[0]!);
      copy.name += ' copy';
      siblings.splice(siblings.indexOf(layer), 0, copy);
      document.state.active = [copy.id];
      return new FakeLayer(document, copy.id);
    });
  }

  async merge(): Promise<FakeLayer> {
    const { document } = this;
    return document.ps.mutate(document, 'Merge Group', () => {
      const { siblings, layer } = document.place(this.id);
      if (!layer.children) throw new Error('merge: only groups are doubled.');
      if (!layer.visible) throw new Error('A hidden group cannot be merged.');
      const { traits } = document;
      const whole = compositeOf(layer.children, boundsOf(layer), componentsOf(traits.mode), traits.depth);
      const merged = layerState(document.ps.nextId(), layer.name, cropPlane(whole, contentOf(whole, whole)), {
        mask: layer.mask,
      });
      siblings.splice(siblings.indexOf(layer), 1, merged);
      document.state.active = [merged.id];
      return new FakeLayer(document, merged.id);
    });
  }

  async rasterize(type: string): Promise<void> {
    await this.document.ps.mutate(this.document, 'Rasterize', () => {
      if (type !== constants.RasterizeType.ENTIRELAYER) throw new Error(`rasterize: ${type} is not doubled.`);
      if (this.state.allLocked) throw new Error('The layer is locked.');
      this.state.kind = constants.LayerKind.NORMAL;
    });
  }
}

export class FakeSelection {
  constructor(private readonly document: FakeDocument) {}

  private get plane(): Plane | null {
    return this.document.state.selection;
  }
  get bounds(): Edges | null {
    return this.plane && selectedBounds(this.plane);
  }
  /** A rectangle without soft edges. */
  get solid(): boolean {
    const { bounds, plane } = this;
    if (!plane || !bounds) return false;
    return cropPlane(plane, bounds).data.every((value) => value === 255);
  }
  async deselect(): Promise<void> {
    await this.document.ps.mutate(this.document, 'Deselect', () => (this.document.state.selection = null));
  }
  async selectRectangle(edges: Edges): Promise<void> {
    await this.document.ps.mutate(this.document, 'Rectangular Marquee', () => select(this.document, edges, () => 255));
  }
  async save(name: string): Promise<void> {
    await this.document.ps.mutate(this.document, 'Save Selection', () => {
      if (!this.plane) throw new Error('Nothing is selected.');
      this.document.state.channels.push({ name, plane: cropPlane(this.plane, this.plane) });
    });
  }
  async load({ name }: { name: string }): Promise<void> {
    await this.document.ps.mutate(this.document, 'Load Selection', () => {
      const channel = this.document.state.channels.find((one) => one.name === name);
      if (!channel) throw new Error(`There is no channel ${name}.`);
      this.document.state.selection = cropPlane(channel.plane, channel.plane);
    });
  }
}

/** Selects as a person would, with any shape: 0..255 for each pixel of `edges`. */
export function select(document: FakeDocument, edges: Edges, shape: (x: number, y: number) => number): void {
  const { width, height } = document;
  const plane = makePlane({ left: 0, top: 0, right: width, bottom: height }, 1, false, 8);
  for (let y = Math.max(0, edges.top); y < Math.min(height, edges.bottom); y++) {
    for (let x = Math.max(0, edges.left); x < Math.min(width, edges.right); x++)
      plane.data[y * width + x] = shape(x, y);
  }
  document.state.selection = isEmpty(edges) ? null : plane;
}

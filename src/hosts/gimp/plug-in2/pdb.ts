import type { Rect } from '../../../engine';
import type { Arg, Value, Wire } from './wire';

const none = -1;
const operation = { replace: 2 };
const fill = { foreground: 0 };
const interpolation = { cubic: 2 };
const whiteMask = 0;
/** `GIMP_LAYER_MODE_NORMAL` and its legacy twin. */
const normalModes = [28, 0];

/** The procedures of GIMP 2.10 that the plug-in uses, with their types. Numbers are GIMP's ids. */
export class Pdb {
  constructor(private readonly wire: Wire) {}

  version = () => this.text('gimp-version');

  images = () => this.wire.call('gimp-image-list')[1] as number[];
  imageIsValid = (image: number) => this.yes('gimp-image-is-valid', ['image', image]);
  imageName = (image: number) => this.text('gimp-image-get-name', ['image', image]);
  imageSize = (image: number) => ({
    width: this.number('gimp-image-width', ['image', image]),
    height: this.number('gimp-image-height', ['image', image]),
  });
  base = (image: number) =>
    (['rgb', 'gray', 'indexed'] as const)[this.number('gimp-image-base-type', ['image', image])]!;
  precision = (image: number) => this.number('gimp-image-get-precision', ['image', image]);
  resolution = (image: number) => this.wire.call('gimp-image-get-resolution', ['image', image])[0] as number;
  floating = (image: number) => this.number('gimp-image-get-floating-sel', ['image', image]) !== none;

  /** Null where the image has GIMP's own. */
  profile(image: number): Uint8Array | null {
    const [length, bytes] = this.wire.call('gimp-image-get-color-profile', ['image', image]);
    return length ? Uint8Array.from(bytes as number[]) : null;
  }

  selection(image: number): Rect | null {
    const [some, x1, y1, x2, y2] = this.wire.call('gimp-selection-bounds', ['image', image]) as number[];
    return some ? { x: x1!, y: y1!, width: x2! - x1!, height: y2! - y1! } : null;
  }

  itemIsLayer = (item: number) =>
    this.yes('gimp-item-is-valid', ['item', item]) && this.yes('gimp-item-is-layer', ['item', item]);
  itemImage = (item: number) => this.number('gimp-item-get-image', ['item', item]);
  itemName = (item: number) => this.text('gimp-item-get-name', ['item', item]);
  itemIsGroup = (item: number) => this.yes('gimp-item-is-group', ['item', item]);
  parent = (item: number) => this.number('gimp-item-get-parent', ['item', item]);
  children = (group: number) => this.wire.call('gimp-item-get-children', ['item', group])[1] as number[];
  position = (image: number, item: number) =>
    this.number('gimp-image-get-item-position', ['image', image], ['item', item]);
  visible = (item: number) => this.yes('gimp-item-get-visible', ['item', item]);
  layers = (image: number) => this.wire.call('gimp-image-get-layers', ['image', image])[1] as number[];
  channels = (image: number) => this.wire.call('gimp-image-get-channels', ['image', image])[1] as number[];

  bounds(layer: number): Rect {
    const [x, y] = this.wire.call('gimp-drawable-offsets', ['drawable', layer]) as number[];
    return {
      x: x!,
      y: y!,
      width: this.number('gimp-drawable-width', ['drawable', layer]),
      height: this.number('gimp-drawable-height', ['drawable', layer]),
    };
  }

  hasAlpha = (layer: number) => this.yes('gimp-drawable-has-alpha', ['drawable', layer]);
  isNormal = (layer: number) => normalModes.includes(this.number('gimp-layer-get-mode', ['layer', layer]));
  opacity = (layer: number) => this.number('gimp-layer-get-opacity', ['layer', layer]);

  mask(layer: number): number | null {
    const mask = this.number('gimp-layer-get-mask', ['layer', layer]);
    return mask === none ? null : mask;
  }

  maskApplied = (layer: number) => this.yes('gimp-layer-get-apply-mask', ['layer', layer]);

  /** The layer that a mask belongs to, or the layer itself; null for other drawables. */
  layerOf(drawable: number): number | null {
    if (!this.yes('gimp-item-is-valid', ['item', drawable])) return null;
    if (this.yes('gimp-item-is-layer', ['item', drawable])) return drawable;
    if (!this.yes('gimp-item-is-layer-mask', ['item', drawable])) return null;
    return this.number('gimp-layer-from-mask', ['channel', drawable]);
  }

  /** A copy of the image that is not shown and keeps no history. @param mark that it bears from its first moment */
  duplicate(image: number, mark: string): number {
    // Goes along into the copy. It is no change of the image: not in its history, and not in its file.
    this.do('gimp-image-attach-parasite', ['image', image], ['parasite', mark]);
    try {
      const copy = this.number('gimp-image-duplicate', ['image', image]);
      this.do('gimp-image-undo-disable', ['image', copy]);
      return copy;
    } finally {
      this.detach(image, mark);
    }
  }

  /** Names of what plug-ins have attached to the image. */
  parasites = (image: number) => this.wire.call('gimp-image-get-parasite-list', ['image', image])[1] as string[];
  detach = (image: number, name: string) => this.do('gimp-image-detach-parasite', ['image', image], ['string', name]);

  delete = (image: number) => this.do('gimp-image-delete', ['image', image]);
  removeLayer = (image: number, layer: number) =>
    this.do('gimp-image-remove-layer', ['image', image], ['layer', layer]);
  removeChannel = (image: number, channel: number) =>
    this.do('gimp-image-remove-channel', ['image', image], ['channel', channel]);
  setName = (item: number, name: string) => this.do('gimp-item-set-name', ['item', item], ['string', name]);

  save = (image: number, layer: number, path: string) =>
    this.do('gimp-xcf-save', ['int32', 0], ['image', image], ['drawable', layer], ['string', path], ['string', path]);

  /** Opens a file of GIMP's own format, without showing it. */
  load(path: string): number {
    const image = this.number('gimp-xcf-load', ['int32', 0], ['string', path], ['string', path]);
    this.do('gimp-image-undo-disable', ['image', image]);
    return image;
  }

  /** Shows an image as one that has just been made. */
  show(image: number, resolution: number): void {
    this.do('gimp-image-set-resolution', ['image', image], ['float', resolution], ['float', resolution]);
    this.do('gimp-image-undo-enable', ['image', image]);
    this.do('gimp-image-clean-all', ['image', image]);
    try {
      this.do('gimp-display-new', ['image', image]);
    } catch {
      // A GIMP without windows.
    }
  }

  copyInto = (layer: number, image: number) =>
    this.number('gimp-layer-new-from-drawable', ['drawable', layer], ['image', image]);

  begin(image: number): void {
    this.do('gimp-image-undo-group-start', ['image', image]);
    this.do('gimp-context-push');
  }

  end(image: number): void {
    this.do('gimp-context-pop');
    this.do('gimp-image-undo-group-end', ['image', image]);
  }

  scale(image: number, width: number, height: number): void {
    this.do('gimp-context-set-interpolation', ['int32', interpolation.cubic]);
    this.do('gimp-image-scale', ['image', image], ['int32', width], ['int32', height]);
  }

  /** Puts `layer` above `below`, blended like it. */
  insertAbove(image: number, layer: number, below: number, x: number, y: number): void {
    const position = this.position(image, below);
    this.do(
      'gimp-image-insert-layer',
      ['image', image],
      ['layer', layer],
      ['layer', this.parent(below)],
      ['int32', position],
    );
    this.do('gimp-layer-set-offsets', ['layer', layer], ['int32', x], ['int32', y]);
    this.do('gimp-layer-set-opacity', ['layer', layer], ['float', this.opacity(below)]);
    for (const aspect of ['mode', 'blend-space', 'composite-space', 'composite-mode']) {
      const value = this.number(`gimp-layer-get-${aspect}`, ['layer', below]);
      this.do(`gimp-layer-set-${aspect}`, ['layer', layer], ['int32', value]);
    }
  }

  hide = (layer: number) => this.do('gimp-item-set-visible', ['item', layer], ['int32', 0]);
  activate = (image: number, layer: number) =>
    this.do('gimp-image-set-active-layer', ['image', image], ['layer', layer]);
  editPixels = (layer: number) => this.do('gimp-layer-set-edit-mask', ['layer', layer], ['int32', 0]);
  applyMask = (layer: number, apply: boolean) =>
    this.do('gimp-layer-set-apply-mask', ['layer', layer], ['int32', apply ? 1 : 0]);

  addWhiteMask(layer: number): void {
    const mask = this.number('gimp-layer-create-mask', ['layer', layer], ['int32', whiteMask]);
    this.do('gimp-layer-add-mask', ['layer', layer], ['channel', mask]);
    this.editPixels(layer);
  }

  selectItem = (image: number, item: number) =>
    this.do('gimp-image-select-item', ['image', image], ['int32', operation.replace], ['item', item]);

  selectRect(image: number, { x, y, width, height }: Rect): void {
    this.do('gimp-context-set-antialias', ['int32', 0]);
    this.do('gimp-context-set-feather', ['int32', 0]);
    const sides = [x, y, width, height].map((each): Arg => ['float', each]);
    this.do('gimp-image-select-rectangle', ['image', image], ['int32', operation.replace], ...sides);
  }

  selectNone = (image: number) => this.do('gimp-selection-none', ['image', image]);
  saveSelection = (image: number) => this.number('gimp-selection-save', ['image', image]);

  /** Makes what is selected of a mask black. */
  blacken(mask: number): void {
    this.do('gimp-context-set-opacity', ['float', 100]);
    this.do('gimp-context-set-paint-mode', ['int32', normalModes[0]!]);
    this.do('gimp-context-set-foreground', ['color', [0, 0, 0, 1]]);
    this.do('gimp-drawable-edit-fill', ['drawable', mask], ['int32', fill.foreground]);
  }

  refresh = () => this.do('gimp-displays-flush');

  beginProgress = (text: string) => this.do('gimp-progress-init', ['string', text], ['display', none]);
  endProgress = () => this.do('gimp-progress-end');
  progress(text: string, done: number | null): void {
    this.do('gimp-progress-set-text', ['string', text]);
    if (done === null) this.do('gimp-progress-pulse');
    else this.do('gimp-progress-update', ['float', done]);
  }

  private do(name: string, ...args: readonly Arg[]): void {
    this.wire.call(name, ...args);
  }

  private first(name: string, args: readonly Arg[]): Value {
    return this.wire.call(name, ...args)[0] ?? null;
  }

  private number(name: string, ...args: readonly Arg[]): number {
    return this.first(name, args) as number;
  }

  private yes(name: string, ...args: readonly Arg[]): boolean {
    return this.first(name, args) === 1;
  }

  private text(name: string, ...args: readonly Arg[]): string {
    return (this.first(name, args) as string | null) ?? '';
  }
}

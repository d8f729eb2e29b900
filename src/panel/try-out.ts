import type { UpscaleSettings } from '../actions/settings';
import {
  computedPixels,
  type Device,
  type EngineEvent,
  grow,
  intersect,
  type Knob,
  type PictureInfo,
  type PixelSource,
  type Raster,
  type Rect,
  relativeTo,
  sourceOf,
} from '../engine';
import type { OpenedTarget } from '../hosts/host';
import type { Style } from './network-styles';
import type { PanelServices } from './services';

/** A piece of the picture on which choices are tried before anything is done. */
export interface TryOut {
  /** The picture that the piece is of. */
  readonly whole: PictureInfo;
  /** The piece with some of what is around it, which the networks see as well. */
  readonly source: PixelSource;
  /** The piece itself, inside of that. */
  readonly inner: Rect;
  /** Where it lies in the document. */
  readonly place: Rect;
  readonly choices: readonly TryChoice[];
}

/** One way to upscale it. */
export interface TryChoice {
  readonly name: string;
  /** What is set when it is chosen. */
  readonly settings: Pick<UpscaleSettings, 'model' | Knob>;
}

/** The longest side of a piece in pixels of its result. */
const mostSide = 256;
/** Pixels of the original around it; beyond them the network sees them reflected. More would cost more than it shows. */
const margin = 4;
const most = 4;
const automatic = { detail: undefined, noise: undefined, blur: undefined } satisfies Record<Knob, undefined>;

/**
 * The present setting first, then what Detail, Noise and Blur would make of it, then the other styles.
 * @param can what the chosen network can be set to
 */
export function tryChoices(
  styles: readonly Style[],
  current: Style,
  { model, detail, noise, blur }: TryChoice['settings'],
  can: Readonly<Record<Knob, boolean>>,
): TryChoice[] {
  const now = { detail, noise, blur };
  const tried: readonly [string, Knob, number][] = [
    ['Detail: faithful', 'detail', 0],
    ['Detail: crisp', 'detail', 100],
    ['Noise: clean', 'noise', 100],
    ['Blur: sharpen', 'blur', 100],
  ];
  const tuned: TryChoice[] = tried
    .filter(([, knob, value]) => can[knob] && now[knob] !== value)
    .map(([name, knob, value]) => ({ name, settings: { model, ...now, [knob]: value } }));
  const others = styles
    .filter(({ id }) => id !== current.id)
    .map(({ id, name }): TryChoice => ({ name, settings: { model: id, ...automatic } }));
  const present = { name: `Now: ${current.name}`, settings: { model, ...now } };
  return [present, ...tuned.slice(0, 2), ...others, ...tuned.slice(2)].slice(0, most);
}

/** Pixels of a result that a tile shows beside the others in a panel of this width: what nobody sees is not computed. */
export function shownSide(panelWidth: number): number {
  const gap = 8;
  // The panel's padding, the card's with its border, then columns as its grid lays them out.
  const room = panelWidth - 32 - 26;
  const columns = Math.min(most + 1, Math.max(1, Math.floor((room + gap) / (92 + gap))));
  const tile = (room - gap * (columns - 1)) / columns - 8;
  return Math.min(mostSide, Math.max(64, Math.ceil(tile / 4) * 4));
}

/**
 * Reads the piece around a point of the document.
 *
 * @param side of its result, in pixels
 * @param at null: the middle of what would be upscaled
 * @param scale how much larger the result will be
 */
export async function pieceAt(
  signal: AbortSignal,
  target: OpenedTarget,
  at: { x: number; y: number } | null,
  scale: number,
  side = mostSide,
): Promise<Omit<TryOut, 'choices'>> {
  const { bounds, source } = target;
  const { width, height } = source.info;
  // Pixels of the document for each of the layer's own.
  const [kx, ky] = [bounds.width / width, bounds.height / height];
  const axis = (point: number | undefined, size: number): [number, number] => {
    const length = Math.min(size, Math.max(16, Math.round(side / scale)));
    const first = Math.round((point ?? size / 2) - length / 2);
    return [Math.min(size - length, Math.max(0, first)), length];
  };
  const [x, w] = axis(at ? (at.x - bounds.x) / kx : undefined, width);
  const [y, h] = axis(at ? (at.y - bounds.y) / ky : undefined, height);
  const piece = { x, y, width: w, height: h };
  const seen = intersect(grow(piece, margin), { x: 0, y: 0, width, height })!;
  const pixels = await source.read(signal, seen);
  return {
    whole: source.info,
    source: sourceOf(pixels, source.info),
    inner: relativeTo(piece, seen),
    place: {
      x: Math.round(bounds.x + x * kx),
      y: Math.round(bounds.y + y * ky),
      width: Math.round(w * kx),
      height: Math.round(h * ky),
    },
  };
}

/**
 * Upscales the piece by one choice, without matching: that would take longer than a look.
 * @param onPace called with the seconds that a megapixel of the whole takes at this pace
 */
export async function tryPiece(
  signal: AbortSignal,
  { engine, networks, createStore }: Pick<PanelServices, 'engine' | 'networks' | 'createStore'>,
  { source, inner, whole }: Pick<TryOut, 'source' | 'inner' | 'whole'>,
  settings: UpscaleSettings,
  scale: number,
  onPace: (megapixel: number) => void = () => undefined,
): Promise<Raster> {
  const store = createStore();
  try {
    const { width, height } = source.info;
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const network = await networks.load(signal, settings.model);
    const tuning = await networks.tuning(signal, network.entry, settings);
    let device: Device = 'cpu';
    let began = 0;
    const onEvent = (event: EngineEvent) => {
      if (event.type === 'device') device = event.device;
      if (event.type !== 'progress' || event.unit !== 'tile') return;
      if (event.done === 0) began = performance.now();
      else if (event.done === event.total) {
        const seconds = (performance.now() - began) / 1000;
        // A piece is margins to a great part, of which a picture has less.
        const computed = (info: PictureInfo) => computedPixels(info, network.entry, { size: { scale }, device });
        const share = computed(whole) / computed(source.info);
        onPace((seconds * share) / ((whole.width * whole.height) / 1e6));
      }
    };
    await engine.upscale(signal, source, store, { network, size, device: 'auto', tuning, onEvent });
    const wanted = {
      x: Math.round(inner.x * scale),
      y: Math.round(inner.y * scale),
      width: Math.round(inner.width * scale),
      height: Math.round(inner.height * scale),
    };
    return await store.read(signal, intersect(wanted, { x: 0, y: 0, ...size })!);
  } finally {
    await store.dispose();
  }
}

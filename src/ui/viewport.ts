import { fit, stepZoom, zoomAt, type View } from './view';

interface Size {
  width: number;
  height: number;
}

export interface ViewportOptions {
  /** Size of what is looked at; null where there is nothing. */
  content(): Size | null;
  /** Size of the window on it, in CSS pixels. */
  window(): Size;
  /** Room left around the whole, in CSS pixels. */
  room: number;
  /** Called when another part, or another size of it, is to be drawn. */
  changed(): void;
  /** Keeps the window filled as far as the content reaches, instead of letting it be pushed anywhere. */
  bounded: boolean;
}

/** Pan and zoom over a picture: by pointer, wheel and keys; one for every place that shows pixels. */
export class Viewport {
  view: View = { cx: 0, cy: 0, zoom: 1 };
  /** The whole is shown, and goes on being shown when the window changes. */
  fitted = true;

  constructor(private readonly options: ViewportOptions) {}

  fit(): void {
    const content = this.options.content();
    if (!content) return;
    this.fitted = true;
    this.set(fit(content, this.options.window(), this.options.room));
  }

  /** @param x point that stays in place, from the middle of the window */
  zoomTo(zoom: number, x = 0, y = 0): void {
    this.fitted = false;
    this.set(zoomAt(this.view, zoom, x, y));
  }

  zoomStep(direction: 1 | -1, x = 0, y = 0): void {
    this.zoomTo(stepZoom(this.view.zoom, direction), x, y);
  }

  /** Moves the window by CSS pixels. */
  pan(dx: number, dy: number): void {
    this.fitted = false;
    const { cx, cy, zoom } = this.view;
    this.set({ zoom, cx: cx + dx / zoom, cy: cy + dy / zoom });
  }

  /** The window has another size. */
  resized(): void {
    if (this.fitted) this.fit();
    else this.set(this.view);
  }

  /** The same picture now has `sx` times as many pixels across: it stays in place on the screen. */
  contentScaled(sx: number, sy: number): void {
    const { cx, cy, zoom } = this.view;
    this.set({ cx: cx * sx, cy: cy * sy, zoom: zoom / sx });
  }

  /** The pixel of the picture under a point of the window, from its top left corner. */
  toContent(x: number, y: number): { x: number; y: number } {
    const { width, height } = this.options.window();
    const { cx, cy, zoom } = this.view;
    return { x: cx + (x - width / 2) / zoom, y: cy + (y - height / 2) / zoom };
  }

  /**
   * A mouse's wheel zooms where the pointer is, as does a pinch; two fingers on a pad pan, as does a wheel with Shift.
   * @param x pointer, from the middle of the window
   */
  wheel(event: WheelEvent, x: number, y: number): void {
    event.preventDefault();
    const lines = event.deltaMode !== 0;
    // A mouse's wheel moves in notches: whole lines, or many pixels at once and only up and down.
    const notched = event.deltaX === 0 && (lines || (Math.abs(event.deltaY) >= 50 && Number.isInteger(event.deltaY)));
    if (event.ctrlKey || event.metaKey || event.altKey || (notched && !event.shiftKey)) {
      const strength = lines ? 6 : notched ? 240 : 160;
      this.zoomTo(this.view.zoom * 2 ** (-event.deltaY / strength), x, y);
      return;
    }
    const unit = lines ? 20 : 1;
    const [dx, dy] = event.shiftKey && event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
    this.pan(dx * unit, dy * unit);
  }

  /** `+` `-` `0` `1` `2`; whether the key was one of them. */
  zoomKey(key: string): boolean {
    if (key === '+' || key === '=') this.zoomStep(1);
    else if (key === '-') this.zoomStep(-1);
    else if (key === '0') this.fit();
    else if (key === '1' || key === '2') this.zoomTo(Number(key));
    else return false;
    return true;
  }

  private set(view: View): void {
    this.view = this.options.bounded ? this.bounded(view) : view;
    this.options.changed();
  }

  private bounded({ cx, cy, zoom }: View): View {
    const content = this.options.content();
    if (!content) return { cx, cy, zoom };
    const window = this.options.window();
    const axis = (at: number, size: number, shown: number) => {
      const half = Math.min(size / 2, shown / 2 / zoom);
      return Math.min(size - half, Math.max(half, at));
    };
    return { zoom, cx: axis(cx, content.width, window.width), cy: axis(cy, content.height, window.height) };
  }
}

import { css, html, LitElement } from 'lit';
import type { PixelSource, Rect } from '../../engine';
import type { StrengthPreview } from '../strength-preview';
import { drawRegion } from '../region-image';
import '../../ui/divider';
import { shared } from '../../ui/styles';
import { Viewport } from '../../ui/viewport';

/** One of the two pictures as it is on the screen. */
interface Side {
  /** The whole picture, reduced to at most {@link overviewSide}. */
  overview: HTMLCanvasElement | null;
  /** What is visible now, in full detail. */
  detail: { canvas: HTMLCanvasElement; key: string } | null;
}

const overviewSide = 640;

/**
 * Before and after with a divider between them: drag the divider or use the arrow keys; drag the picture to move it;
 * zoom from the whole picture to single pixels of the result. Fires `moved` when another part of it has come into view.
 */
export class Compare extends LitElement {
  static override properties = {
    original: { attribute: false },
    result: { attribute: false },
    divider: { state: true },
    fill: { type: Boolean, reflect: true },
    preview: { attribute: false },
    unadapted: { attribute: false },
  };
  /** Enlarged to the size of `result` on the screen. */
  declare original: PixelSource;
  declare result: PixelSource;
  /** A piece that is shown in place of that of the result. */
  declare preview: StrengthPreview | null;
  /** A piece that is shown in place of that of the original. */
  declare unadapted: StrengthPreview | null;
  /** Takes the height that it is given, rather than the picture's shape. */
  declare fill: boolean;
  /** Where the divider stands, 0 left … 1 right: the result is to the right of it. */
  declare divider: number;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template-rows: 1fr auto;
        gap: 8px;
        min-height: 0;
      }
      .view {
        position: relative;
        overflow: hidden;
        min-height: 120px;
        border-radius: 6px;
        background: var(--lway-desk);
        touch-action: none;
        cursor: grab;
        user-select: none;
      }
      .view:focus-visible {
        outline-offset: 2px;
      }
      canvas {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
      }
      .tag {
        position: absolute;
        bottom: 8px;
        padding: 1px 7px;
        border-radius: 4px;
        font-size: 11px;
        color: #fff;
        background: rgb(0 0 0 / 62%);
        pointer-events: none;
      }
      .tag.first {
        left: 8px;
      }
      .tag.second {
        right: 8px;
      }
      .bar {
        display: flex;
        align-items: center;
        gap: 4px;
      }
      .bar button {
        flex: 1 1 auto;
        padding: 0 2px;
        height: 26px;
        font-size: 12px;
        white-space: nowrap;
      }
      ::slotted(button) {
        flex: 1 1 auto;
        padding: 0 2px !important;
        height: 26px !important;
        font-size: 12px !important;
        white-space: nowrap;
      }
      :host([fill]) .bar {
        justify-content: center;
      }
      :host([fill]) .bar button,
      :host([fill]) ::slotted(button) {
        flex: 0 1 110px;
      }
      .bar button[aria-pressed='true'] {
        background: var(--lway-selected);
        border-color: var(--lway-accent);
        font-weight: 600;
      }
    `,
  ];

  private readonly sides: { original: Side; result: Side } = {
    original: { overview: null, detail: null },
    result: { overview: null, detail: null },
  };
  private readonly viewport = new Viewport({
    content: () => this.result.info,
    window: () => ({ width: this.view.clientWidth, height: this.view.clientHeight }),
    room: 0,
    bounded: true,
    changed: () => this.requestUpdate(),
  });
  private readonly pieces: { [Name in 'preview' | 'unadapted']: { canvas: HTMLCanvasElement; rect: Rect } | null } = {
    preview: null,
    unadapted: null,
  };
  private drag: { x: number; y: number } | null = null;
  private frame = 0;
  private overviewWork: AbortController | null = null;
  private detailWork: AbortController | null = null;
  private readonly resize = new ResizeObserver(() => {
    if (this.hasUpdated && this.view.clientWidth > 0) this.viewport.resized();
  });

  constructor() {
    super();
    this.divider = 0.5;
    this.fill = false;
    this.preview = null;
    this.unadapted = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resize.disconnect();
    this.overviewWork?.abort();
    this.detailWork?.abort();
    cancelAnimationFrame(this.frame);
  }

  override render() {
    const percent = Math.round(this.divider * 100);
    const step = (text: string, zoom: number | null) =>
      html`<button aria-pressed=${this.shows(zoom)} @click=${() => this.setZoom(zoom)}>${text}</button>`;
    return html`<div
        class="view"
        tabindex="0"
        role="group"
        aria-label="Before and after. When enlarged, the arrow keys move the picture."
        @pointerdown=${this.onPointerDown}
        @pointermove=${this.onPointerMove}
        @pointerup=${this.onPointerUp}
        @pointercancel=${() => (this.drag = null)}
        @dblclick=${() => this.setZoom(this.shows(1) ? null : 1)}
        @wheel=${this.onWheel}
        @keydown=${this.onKeyDown}
      >
        <canvas aria-hidden="true"></canvas>
        <span class="tag first" ?hidden=${percent < 12}>${this.unadapted ? 'Before matching' : 'Before'}</span>
        <span class="tag second" ?hidden=${percent > 88}
          >${this.preview ? `Strength ${Math.round(this.preview.strength * 100)} %` : 'After'}</span
        >
        <lway-divider
          .value=${this.divider}
          @change=${(event: CustomEvent<number>) => (this.divider = event.detail)}
        ></lway-divider>
      </div>
      <div class="bar" role="group" aria-label="Zoom of the comparison">
        ${step('Whole', null)} ${step('100 %', 1)} ${step('200 %', 2)}
        <slot></slot>
      </div>`;
  }

  protected override updated(changed: Map<string, unknown>): void {
    if (changed.has('original') || changed.has('result')) {
      for (const side of [this.sides.original, this.sides.result]) side.overview = side.detail = null;
      void this.makeOverviews();
    }
    for (const name of ['preview', 'unadapted'] as const) if (changed.has(name)) void this.drawPiece(name);
    // The view has the picture's shape, within reason; where it fills a window, it has the window's.
    const { width, height } = this.result.info;
    if (!this.fill) this.view.style.aspectRatio = String(Math.min(2, Math.max(0.8, width / height)));
    // Another picture, or the first: shown as a whole.
    if (changed.has('result')) this.viewport.fit();
    this.changed();
  }

  private get view(): HTMLElement {
    return this.renderRoot.querySelector<HTMLElement>('.view')!;
  }

  /** CSS pixels per result pixel now. */
  private get scale(): number {
    return this.viewport.view.zoom;
  }

  /** @param zoom null: the whole picture */
  private shows(zoom: number | null): boolean {
    return zoom === null ? this.viewport.fitted : !this.viewport.fitted && this.scale === zoom;
  }

  private setZoom(zoom: number | null): void {
    if (zoom === null) this.viewport.fit();
    else this.viewport.zoomTo(zoom);
    this.moved();
  }

  private changed(): void {
    if (this.frame || !this.isConnected || !this.hasUpdated || this.view.clientWidth * this.view.clientHeight === 0)
      return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
      void this.makeDetails();
    });
  }

  /** The part of the result, seen at the present scale in device pixels, that the view shows. */
  private visible() {
    const ratio = window.devicePixelRatio || 1;
    const scale = this.scale * ratio;
    const { width, height } = this.result.info;
    const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
    const viewWidth = Math.round(this.view.clientWidth * ratio);
    const viewHeight = Math.round(this.view.clientHeight * ratio);
    const left = Math.round(viewWidth / 2 - this.viewport.view.cx * scale);
    const top = Math.round(viewHeight / 2 - this.viewport.view.cy * scale);
    const x = Math.max(0, -left);
    const y = Math.max(0, -top);
    return {
      viewWidth,
      viewHeight,
      size,
      left,
      top,
      rect: {
        x,
        y,
        width: Math.min(size.width, viewWidth - left) - x,
        height: Math.min(size.height, viewHeight - top) - y,
      },
    };
  }

  private paint(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return;
    const { viewWidth, viewHeight, size, left, top, rect } = this.visible();
    if (canvas.width !== viewWidth || canvas.height !== viewHeight) {
      canvas.width = viewWidth;
      canvas.height = viewHeight;
    }
    context.clearRect(0, 0, viewWidth, viewHeight);
    const at = Math.round(viewWidth * this.divider);
    for (const [side, from, to] of [
      [this.sides.original, 0, at],
      [this.sides.result, at, viewWidth],
    ] as const) {
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, viewHeight);
      context.clip();
      context.imageSmoothingQuality = 'high';
      if (side.overview) context.drawImage(side.overview, left, top, size.width, size.height);
      if (side.detail && side.detail.key === JSON.stringify([size, rect])) {
        context.drawImage(side.detail.canvas, left + rect.x, top + rect.y);
      }
      const piece = side === this.sides.result ? this.pieces.preview : this.pieces.unadapted;
      if (piece) {
        const { canvas: image, rect: at } = piece;
        const scale = size.width / this.result.info.width;
        context.drawImage(image, left + at.x * scale, top + at.y * scale, at.width * scale, at.height * scale);
      }
      context.restore();
    }
  }

  private async makeOverviews(): Promise<void> {
    this.overviewWork?.abort();
    const { signal } = (this.overviewWork = new AbortController());
    const { width, height } = this.result.info;
    const factor = Math.min(1, overviewSide / Math.max(width, height));
    const size = { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
    const draw = async (name: 'original' | 'result') => {
      const canvas = document.createElement('canvas');
      canvas.width = size.width;
      canvas.height = size.height;
      const context = canvas.getContext('2d')!;
      this.sides[name].overview = canvas;
      await drawRegion(signal, this[name], size, { x: 0, y: 0, ...size }, this.ground, (x, y, image) => {
        context.putImageData(image, x, y);
        this.changed();
      });
    };
    // Both at once, so that there is something to compare from the first moment; they fail when they are put away.
    await Promise.allSettled([draw('original'), draw('result')]);
  }

  private async makeDetails(): Promise<void> {
    const { size, rect } = this.visible();
    if (rect.width <= 0 || rect.height <= 0) return;
    // The overview is sharp enough where it is not enlarged.
    if (size.width <= (this.sides.result.overview?.width ?? 0)) return;
    const key = JSON.stringify([size, rect]);
    if (this.sides.result.detail?.key === key && this.sides.original.detail?.key === key) return;
    this.detailWork?.abort();
    const { signal } = (this.detailWork = new AbortController());
    for (const name of ['result', 'original'] as const) {
      const canvas = document.createElement('canvas');
      canvas.width = rect.width;
      canvas.height = rect.height;
      const context = canvas.getContext('2d')!;
      try {
        await drawRegion(signal, this[name], size, rect, this.ground, (x, y, image) =>
          context.putImageData(image, x, y),
        );
      } catch {
        return; // moved on meanwhile
      }
      this.sides[name].detail = { canvas, key };
      this.paint();
    }
  }

  /** The part of the result that is visible now. */
  visibleRect(): Rect {
    const { size, rect } = this.visible();
    const scale = size.width / this.result.info.width;
    return { x: rect.x / scale, y: rect.y / scale, width: rect.width / scale, height: rect.height / scale };
  }

  private async drawPiece(name: 'preview' | 'unadapted'): Promise<void> {
    const piece = this[name];
    this.pieces[name] = null;
    if (piece) {
      const { width, height } = piece.source.info;
      const canvas = document.createElement('canvas');
      canvas.width = width;
      canvas.height = height;
      const context = canvas.getContext('2d')!;
      const { signal } = new AbortController();
      await drawRegion(
        signal,
        piece.source,
        { width, height },
        { x: 0, y: 0, width, height },
        this.ground,
        (x, y, image) => context.putImageData(image, x, y),
      );
      if (piece !== this[name]) return;
      this.pieces[name] = { canvas, rect: piece.rect };
    }
    this.changed();
  }

  /** Gray that transparent parts are shown over. */
  private get ground(): number {
    return 0.5;
  }

  private onPointerDown(event: PointerEvent): void {
    this.drag = { x: event.clientX, y: event.clientY };
    this.view.setPointerCapture(event.pointerId);
  }

  private onPointerUp(): void {
    const panned = this.drag !== null;
    this.drag = null;
    if (panned) this.moved();
  }

  private moved(): void {
    this.dispatchEvent(new CustomEvent('moved'));
  }

  private onPointerMove(event: PointerEvent): void {
    if (!this.drag) return;
    this.viewport.pan(this.drag.x - event.clientX, this.drag.y - event.clientY);
    this.drag = { x: event.clientX, y: event.clientY };
  }

  /** In the panel the wheel scrolls the panel; a pinch, or the wheel of the large comparison, zooms. */
  private onWheel(event: WheelEvent): void {
    if (!this.fill && !event.ctrlKey && !event.metaKey && !event.altKey) return;
    const box = this.view.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
    this.viewport.wheel(event, x, y);
    this.moved();
  }

  private onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'ArrowLeft') this.viewport.pan(-40, 0);
    else if (event.key === 'ArrowRight') this.viewport.pan(40, 0);
    else if (event.key === 'ArrowUp') this.viewport.pan(0, -40);
    else if (event.key === 'ArrowDown') this.viewport.pan(0, 40);
    else if (!this.viewport.zoomKey(event.key)) return;
    event.preventDefault();
    this.moved();
  }
}

customElements.define('lway-compare', Compare);

import { css, html, LitElement, nothing } from 'lit';
import type { Rect } from '../../../engine';
import { titleOf, type Layer, type OpenDocument, type Workspace } from '../workspace';
import { stackUpTo, type Comparison } from './comparison';
import { levelSize, TileCache, tileSide, topLevel } from './tile-cache';
import '../../../ui/divider';
import { selectionBetween } from '../../../ui/view';
import { Viewport } from '../../../ui/viewport';

export type Tool = 'hand' | 'select';

/**
 * Shows the active document. Draws only what is visible, from tiles, on a canvas of the view's own size: a canvas of
 * the picture's size would be silently black for large pictures. Fires `view-change` when it shows another part or size,
 * `point` with the document's pixel where the hand clicks.
 */
export class CanvasView extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    tool: {},
    comparison: { attribute: false },
    frame: { attribute: false },
    divider: { state: true },
  };
  declare workspace: Workspace;
  declare tool: Tool;
  /** Two layers side by side, or one in the other's place; null shows the document. */
  declare comparison: Comparison | null;
  /** A part of the document that is pointed out. */
  declare frame: Rect | null;
  /** Where the divider stands, 0 left … 1 right. */
  declare divider: number;

  static override styles = css`
    :host {
      display: block;
      position: relative;
      overflow: hidden;
      min-width: 0;
      min-height: 0;
      background: var(--lway-desk);
    }
    canvas {
      position: absolute;
      inset: 0;
      width: 100%;
      height: 100%;
      outline: none;
      touch-action: none;
    }
    canvas.select {
      cursor: crosshair;
    }
    canvas.hand {
      cursor: grab;
    }
    canvas.panning {
      cursor: grabbing;
    }
    .tag {
      position: absolute;
      bottom: 10px;
      max-width: 45%;
      padding: 1px 8px;
      border-radius: 4px;
      font-size: 12px;
      color: #fff;
      background: rgb(0 0 0 / 66%);
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      pointer-events: none;
    }
    .first {
      left: 10px;
    }
    .second {
      right: 10px;
    }
    canvas:focus-visible {
      box-shadow: inset 0 0 0 2px var(--lway-focus);
    }
  `;

  private cache: TileCache | null = null;
  private readonly resize = new ResizeObserver(() => this.resized());
  private stopListening: (() => void) | null = null;
  private request = 0;
  private readonly viewport = new Viewport({
    content: () => this.workspace.active?.state ?? null,
    window: () => this.size(),
    room: 24,
    bounded: false,
    changed: () => {
      this.dispatchEvent(new CustomEvent('view-change'));
      this.draw();
    },
  });
  /** The document, and its size, that `view` was made for. */
  private shown: { id: string; width: number; height: number } | null = null;
  private spaceHeld = false;
  /** Under the pointer, while that is over the canvas. */
  private under: { x: number; y: number } | null = null;
  private drag: {
    kind: 'pan' | 'select';
    x: number;
    y: number;
    from: { x: number; y: number };
    moved: boolean;
  } | null = null;

  constructor() {
    super();
    this.tool = 'hand';
    this.comparison = null;
    this.frame = null;
    this.divider = 0.5;
  }

  get zoom(): number {
    return this.viewport.view.zoom;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.cache = new TileCache(() => this.draw());
    this.resize.observe(this);
    this.stopListening = this.workspace.onChange(() => this.documentChanged());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resize.disconnect();
    this.stopListening?.();
    this.cache?.dispose();
    cancelAnimationFrame(this.request);
  }

  protected override firstUpdated(): void {
    // Lit's listeners are passive where the browser decides so: the wheel has to be held back from zooming the page.
    this.canvas.addEventListener('wheel', this.onWheel, { passive: false });
    this.documentChanged();
  }

  override render() {
    const panning = this.drag?.kind === 'pan';
    return html`<canvas
        tabindex="0"
        role="img"
        class=${panning ? 'panning' : this.spaceHeld ? 'hand' : this.tool}
        aria-label=${this.describe()}
        aria-keyshortcuts="+ - 0 1 2"
        @pointerdown=${this.onPointerDown}
        @pointermove=${this.onPointerMove}
        @pointerup=${this.onPointerUp}
        @pointercancel=${this.onPointerUp}
        @pointerleave=${() => (this.under = null)}
        @keydown=${this.onKeyDown}
        @keyup=${this.onKeyUp}
        @blur=${() => this.holdSpace(false)}
      ></canvas>
      ${this.renderComparison()}`;
  }

  private renderComparison() {
    const { comparison } = this;
    if (!comparison) return nothing;
    const { first, second, only } = comparison;
    const title = (layer: Layer) => titleOf(layer, [first, second]);
    const name = (layer: Layer) => (layer.id === comparison.origin ? `Before: ${layer.name}` : title(layer));
    if (only) return html`<span class="tag first">${name(only === 'first' ? first : second)}</span>`;
    return html`<lway-divider
        .value=${this.divider}
        label="Divider between ${title(first)} and ${title(second)}"
        first=${title(first)}
        second=${title(second)}
        @change=${(event: CustomEvent<number>) => (this.divider = event.detail)}
      ></lway-divider>
      <span class="tag first" ?hidden=${this.divider < 0.1}>${name(first)}</span>
      <span class="tag second" ?hidden=${this.divider > 0.9}>${name(second)}</span>`;
  }

  protected override updated(): void {
    this.draw();
  }

  /** The document's pixel under the pointer, or in the middle of the view. */
  get pointed(): { x: number; y: number } {
    const { cx, cy } = this.viewport.view;
    return this.under ?? { x: cx, y: cy };
  }

  fit(): void {
    this.viewport.fit();
  }

  zoomTo(zoom: number): void {
    this.viewport.zoomTo(zoom);
  }

  zoomStep(direction: 1 | -1): void {
    this.viewport.zoomStep(direction);
  }

  private get canvas(): HTMLCanvasElement {
    return this.renderRoot.querySelector('canvas')!;
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(1, this.clientWidth), height: Math.max(1, this.clientHeight) };
  }

  private describe(): string {
    const document = this.workspace.active;
    if (!document) return 'No picture is open.';
    const { width, height, selection } = document.state;
    const selected = selection
      ? ` Selected: ${selection.width} × ${selection.height} pixels at ${selection.x}, ${selection.y}.`
      : '';
    return `${document.name}, ${width} × ${height} pixels.${selected}`;
  }

  private documentChanged(): void {
    const document = this.workspace.active;
    if (!document) {
      this.shown = null;
    } else {
      const { width, height } = document.state;
      if (this.shown?.id !== document.id) {
        this.fit();
      } else if (this.shown.width !== width || this.shown.height !== height) {
        // An enlarged document stays in place on the screen, so that what has changed is only the detail.
        this.viewport.contentScaled(width / this.shown.width, height / this.shown.height);
      }
      this.shown = { id: document.id, width, height };
    }
    this.requestUpdate();
    this.draw();
  }

  private resized(): void {
    this.viewport.resized();
    this.draw();
  }

  private draw(): void {
    if (this.request || !this.isConnected) return;
    this.request = requestAnimationFrame(() => {
      this.request = 0;
      this.paint();
    });
  }

  private paint(): void {
    const canvas = this.renderRoot.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context || !this.cache) return;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.clientWidth * ratio);
    const height = Math.round(this.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.clearRect(0, 0, width, height);
    const document = this.workspace.active;
    this.cache.beginFrame();
    if (document) this.paintDocument(context, document, ratio, width, height);
    this.cache.endFrame();
  }

  private paintDocument(
    context: CanvasRenderingContext2D,
    document: OpenDocument,
    ratio: number,
    width: number,
    height: number,
  ) {
    const { view } = this.viewport;
    const zoom = view.zoom * ratio;
    const left = width / 2 - view.cx * zoom;
    const top = height / 2 - view.cy * zoom;
    const place = (rect: Rect) => {
      const x = Math.round(left + rect.x * zoom);
      const y = Math.round(top + rect.y * zoom);
      return {
        x,
        y,
        w: Math.round(left + (rect.x + rect.width) * zoom) - x,
        h: Math.round(top + (rect.y + rect.height) * zoom) - y,
      };
    };
    const page = place({ x: 0, y: 0, width: document.state.width, height: document.state.height });
    context.save();
    context.beginPath();
    context.rect(page.x, page.y, page.w, page.h);
    context.clip();
    this.paintChecks(context, page, ratio, width, height);
    const at = Math.round(width * this.divider);
    for (const { layers, from, to } of this.shownLayers(document, at, width)) {
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, height);
      context.clip();
      for (const layer of [...layers].reverse()) this.paintLayer(context, layer, zoom, left, top, width, height);
      context.restore();
    }
    context.restore();
    for (const marked of [document.state.selection, this.frame]) {
      if (!marked) continue;
      const { x, y, w, h } = place(marked);
      context.lineWidth = ratio;
      for (const [colour, offset] of [
        ['#fff', 0],
        ['#000', 4 * ratio],
      ] as const) {
        context.strokeStyle = colour;
        context.setLineDash([4 * ratio, 4 * ratio]);
        context.lineDashOffset = offset;
        context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
      }
      context.setLineDash([]);
    }
  }

  /** Which layers are seen between which columns of the screen. */
  private shownLayers({ state }: OpenDocument, at: number, width: number) {
    const { comparison } = this;
    if (!comparison) return [{ layers: state.layers.filter(({ visible }) => visible), from: 0, to: width }];
    const [first, second] = [stackUpTo(state.layers, comparison.first), stackUpTo(state.layers, comparison.second)];
    if (comparison.only) return [{ layers: comparison.only === 'first' ? first : second, from: 0, to: width }];
    return [
      { layers: first, from: 0, to: at },
      { layers: second, from: at, to: width },
    ];
  }

  /** The checkers that stand for transparency. */
  private paintChecks(
    context: CanvasRenderingContext2D,
    page: { x: number; y: number; w: number; h: number },
    ratio: number,
    width: number,
    height: number,
  ) {
    const side = Math.round(8 * ratio);
    context.fillStyle = '#fff';
    context.fillRect(page.x, page.y, page.w, page.h);
    context.fillStyle = '#d9d9d9';
    const fromX = Math.max(0, Math.floor(-page.x / side));
    const fromY = Math.max(0, Math.floor(-page.y / side));
    for (let j = fromY; page.y + j * side < Math.min(height, page.y + page.h); j++) {
      for (let i = fromX + ((fromX + j) & 1); page.x + i * side < Math.min(width, page.x + page.w); i += 2) {
        context.fillRect(page.x + i * side, page.y + j * side, side, side);
      }
    }
  }

  private paintLayer(
    context: CanvasRenderingContext2D,
    layer: Layer,
    zoom: number,
    left: number,
    top: number,
    width: number,
    height: number,
  ) {
    const { pixels, bounds } = layer;
    const cache = this.cache!;
    // Screen pixels for each of the layer's own pixels: an enlarged document spreads them out.
    const kx = (bounds.width / pixels.info.width) * zoom;
    const ky = (bounds.height / pixels.info.height) * zoom;
    const x0 = left + bounds.x * zoom;
    const y0 = top + bounds.y * zoom;
    const highest = topLevel(pixels);
    const level = Math.min(highest, Math.max(0, Math.floor(Math.log2(1 / Math.max(kx, ky)) + 0.25)));
    const unit = 2 ** level * tileSide;
    const size = levelSize(pixels, level);
    const firstX = Math.max(0, Math.floor(-x0 / kx / unit));
    const firstY = Math.max(0, Math.floor(-y0 / ky / unit));
    const lastX = Math.min(Math.ceil(size.width / tileSide) - 1, Math.floor((width - x0) / kx / unit));
    const lastY = Math.min(Math.ceil(size.height / tileSide) - 1, Math.floor((height - y0) / ky / unit));
    // Pixels are shown as such once they are large enough to be looked at one by one.
    context.imageSmoothingEnabled = Math.max(kx, ky) < 4;
    context.imageSmoothingQuality = 'high';

    for (let ty = firstY; ty <= lastY; ty++) {
      for (let tx = firstX; tx <= lastX; tx++) {
        const area = {
          left: tx * unit,
          top: ty * unit,
          right: Math.min(pixels.info.width, (tx + 1) * unit),
          bottom: Math.min(pixels.info.height, (ty + 1) * unit),
        };
        const dx = Math.round(x0 + area.left * kx);
        const dy = Math.round(y0 + area.top * ky);
        const dw = Math.round(x0 + area.right * kx) - dx;
        const dh = Math.round(y0 + area.bottom * ky) - dy;
        if (dw <= 0 || dh <= 0) continue;
        const tile = cache.get(pixels, level, tx, ty);
        if (tile) {
          context.drawImage(tile, dx, dy, dw, dh);
          continue;
        }
        cache.want(pixels, level, tx, ty);
        // Until it comes, the same part from a coarser level stands in.
        for (let coarse = level + 1; coarse <= highest; coarse++) {
          const factor = 2 ** (coarse - level);
          const cx = Math.floor(tx / factor);
          const cy = Math.floor(ty / factor);
          const stand = cache.get(pixels, coarse, cx, cy);
          if (!stand) continue;
          const part = tileSide / factor;
          const sx = (tx - cx * factor) * part;
          const sy = (ty - cy * factor) * part;
          context.drawImage(
            stand,
            sx,
            sy,
            Math.min(part, stand.width - sx),
            Math.min(part, stand.height - sy),
            dx,
            dy,
            dw,
            dh,
          );
          break;
        }
      }
    }
  }

  private toDocument(event: MouseEvent): { x: number; y: number } {
    const box = this.getBoundingClientRect();
    return this.viewport.toContent(event.clientX - box.left, event.clientY - box.top);
  }

  private onPointerDown(event: PointerEvent): void {
    if (!this.workspace.active || event.button > 1) return;
    const pan = event.button === 1 || this.spaceHeld || this.tool === 'hand';
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus();
    const { clientX: x, clientY: y } = event;
    this.drag = { kind: pan ? 'pan' : 'select', x, y, from: this.toDocument(event), moved: false };
    event.preventDefault();
    this.requestUpdate();
  }

  private onPointerMove(event: PointerEvent): void {
    this.under = this.toDocument(event);
    const document = this.workspace.active;
    if (!this.drag || !document) return;
    if (this.drag.kind === 'select') {
      this.select(selectionBetween(this.drag.from, this.toDocument(event), document.state));
      return;
    }
    const [dx, dy] = [this.drag.x - event.clientX, this.drag.y - event.clientY];
    // A click is not quite still.
    if (!this.drag.moved && Math.hypot(dx, dy) < 3) return;
    this.viewport.pan(dx, dy);
    this.drag = { ...this.drag, x: event.clientX, y: event.clientY, moved: true };
  }

  private onPointerUp(event: PointerEvent): void {
    const document = this.workspace.active;
    if (this.drag?.kind === 'select' && document) {
      // A click without a drag takes the selection away, as everywhere.
      this.select(selectionBetween(this.drag.from, this.toDocument(event), document.state));
    } else if (this.drag && !this.drag.moved && event.button === 0 && event.type === 'pointerup') {
      this.dispatchEvent(new CustomEvent('point', { detail: this.toDocument(event) }));
    }
    this.drag = null;
    this.requestUpdate();
  }

  private readonly onWheel = (event: WheelEvent): void => {
    const box = this.getBoundingClientRect();
    this.viewport.wheel(event, event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
  };

  private onKeyDown(event: KeyboardEvent): void {
    const document = this.workspace.active;
    if (!document || event.ctrlKey || event.metaKey) return;
    const step = event.shiftKey ? 10 : 1;
    const arrows: Record<string, readonly [number, number]> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const arrow = arrows[event.key];
    if (arrow) {
      const [dx, dy] = arrow;
      if (this.tool === 'select') this.nudge(document, dx * step, dy * step, event.altKey);
      else this.viewport.pan(dx * 40, dy * 40);
    } else if (this.viewport.zoomKey(event.key)) {
      // Done.
    } else if (event.key === ' ') this.holdSpace(true);
    else if (event.key === 'Escape') this.select(null);
    else return;
    event.preventDefault();
  }

  private onKeyUp(event: KeyboardEvent): void {
    if (event.key === ' ') this.holdSpace(false);
  }

  private holdSpace(held: boolean): void {
    if (this.spaceHeld === held) return;
    this.spaceHeld = held;
    this.requestUpdate();
  }

  /** Moves the selection, or its right and lower edge; begins one in the middle where there is none. */
  private nudge(document: OpenDocument, dx: number, dy: number, edge: boolean): void {
    const { width, height, selection } = document.state;
    if (!selection) {
      const w = Math.ceil(width / 2);
      const h = Math.ceil(height / 2);
      this.select({ x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h });
      return;
    }
    const clamp = (v: number, low: number, high: number) => Math.min(high, Math.max(low, v));
    this.select(
      edge
        ? {
            ...selection,
            width: clamp(selection.width + dx, 1, width - selection.x),
            height: clamp(selection.height + dy, 1, height - selection.y),
          }
        : {
            ...selection,
            x: clamp(selection.x + dx, 0, width - selection.width),
            y: clamp(selection.y + dy, 0, height - selection.height),
          },
    );
  }

  private select(selection: Rect | null): void {
    const document = this.workspace.active;
    if (document) this.workspace.adjust(document, { selection });
  }
}

customElements.define('lway-canvas-view', CanvasView);

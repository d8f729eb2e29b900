import { css, html, LitElement } from 'lit';
import type { Layer, Workspace } from '../workspace';
import { renderTile, topLevel } from './tile-cache';

/** The layers of the active document, topmost first: which one is active, which are visible. */
export class LayerList extends LitElement {
  static override properties = { workspace: { attribute: false } };
  declare workspace: Workspace;

  static override styles = css`
    :host {
      display: block;
    }
    ul {
      margin: 0;
      padding: 0;
      list-style: none;
    }
    li {
      display: flex;
      align-items: center;
      gap: 8px;
      padding: 3px 8px 3px 6px;
      border-radius: 6px;
    }
    li.active {
      background: var(--lway-selected);
    }
    button {
      font: inherit;
      color: inherit;
      background: none;
      border: 0;
      padding: 0;
      border-radius: 4px;
    }
    button:focus-visible {
      outline: 2px solid var(--lway-focus);
      outline-offset: 1px;
    }
    .eye {
      flex: none;
      width: 26px;
      height: 26px;
      display: grid;
      place-items: center;
      color: var(--lway-text-2);
    }
    .eye:hover {
      background: var(--lway-hover);
    }
    .eye svg {
      width: 16px;
      height: 16px;
    }
    .name {
      flex: 1;
      min-width: 0;
      display: flex;
      align-items: center;
      gap: 10px;
      text-align: start;
      padding: 2px;
    }
    .label {
      min-width: 0;
    }
    .label b {
      display: block;
      font-weight: 500;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .label small {
      font-size: 11px;
      color: var(--lway-text-2);
      font-variant-numeric: tabular-nums;
    }
    canvas {
      flex: none;
      width: 40px;
      height: 30px;
      object-fit: contain;
      border-radius: 3px;
      background: var(--lway-field);
      box-shadow: 0 0 0 1px var(--lway-line);
    }
    .hidden .name {
      opacity: 0.55;
    }
  `;

  private stopListening: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = this.workspace.onChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening?.();
  }

  override render() {
    const document = this.workspace.active;
    if (!document) return html``;
    const { layers, activeId } = document.state;
    return html`<ul aria-label="Layers">
      ${layers.map(
        (layer) =>
          html`<li class="${layer.id === activeId ? 'active' : ''} ${layer.visible ? '' : 'hidden'}">
            <button
              class="eye"
              aria-pressed=${layer.visible}
              aria-label="Show ${layer.name}"
              title=${layer.visible ? 'Hide this layer' : 'Show this layer'}
              @click=${() => this.toggle(layer)}
            >
              ${layer.visible ? eye : eyeClosed}
            </button>
            <button
              class="name"
              aria-current=${layer.id === activeId}
              @click=${() => this.workspace.adjust(document, { activeId: layer.id })}
            >
              <canvas width="80" height="60" data-layer=${layer.id} aria-hidden="true"></canvas>
              <span class="label">
                <b>${layer.name}</b><small>${layer.bounds.width} × ${layer.bounds.height}</small>
              </span>
            </button>
          </li>`,
      )}
    </ul>`;
  }

  protected override updated(): void {
    for (const layer of this.workspace.active?.state.layers ?? []) void this.drawThumbnail(layer);
  }

  private toggle(layer: Layer): void {
    const document = this.workspace.active;
    if (!document) return;
    const layers = document.state.layers.map((one) => (one === layer ? { ...one, visible: !one.visible } : one));
    this.workspace.adjust(document, { layers });
  }

  private readonly drawn = new WeakMap<HTMLCanvasElement, Layer['pixels']>();

  private async drawThumbnail({ id, pixels }: Layer): Promise<void> {
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>(`canvas[data-layer="${id}"]`);
    if (!canvas || this.drawn.get(canvas) === pixels) return;
    this.drawn.set(canvas, pixels);
    try {
      const { width, height, data } = await renderTile(new AbortController().signal, pixels, topLevel(pixels), 0, 0);
      const bitmap = await createImageBitmap(new ImageData(data, width, height));
      const context = canvas.getContext('2d');
      const scale = Math.min(canvas.width / width, canvas.height / height);
      const [w, h] = [width * scale, height * scale];
      context?.clearRect(0, 0, canvas.width, canvas.height);
      context?.drawImage(bitmap, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h);
      bitmap.close();
    } catch {
      // The layer went away meanwhile.
      this.drawn.delete(canvas);
    }
  }
}

const eye = html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.2" aria-hidden="true">
  <path d="M1.2 8S3.6 3.6 8 3.6 14.8 8 14.8 8 12.4 12.4 8 12.4 1.2 8 1.2 8Z" />
  <circle cx="8" cy="8" r="2.1" />
</svg>`;
const eyeClosed = html`<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.2" aria-hidden="true">
  <path d="M1.2 7.2S3.6 11 8 11s6.8-3.8 6.8-3.8M3.2 9.6 1.9 11.3M6.2 10.8l-.5 2M9.8 10.8l.5 2M12.8 9.6l1.3 1.7" />
</svg>`;

customElements.define('lway-layer-list', LayerList);

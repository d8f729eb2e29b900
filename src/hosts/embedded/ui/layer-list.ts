import { css, html, LitElement } from 'lit';
import { icons } from '../../../ui/icons';
import { moveLayer, removeLayer, renameLayer, toggleLayer } from '../layers';
import type { Layer, OpenDocument, Workspace } from '../workspace';
import { renderTile, topLevel } from './tile-cache';

/** What a dragged layer is called, so that files are told from it. */
const dragType = 'application/x-lway-layer';

/**
 * The layers of the active document, topmost first: which one is active, which are visible; renamed by a double click or
 * F2, moved by dragging or Alt with the arrow keys, deleted by Delete, or all of that by the buttons above.
 */
export class LayerList extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    renaming: { state: true },
    target: { state: true },
  };
  declare workspace: Workspace;
  /** Id of the layer whose name is being edited. */
  declare renaming: string | null;
  /** Where a dragged layer would go. */
  declare target: number | null;

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
      box-shadow: inset 3px 0 0 var(--lway-mark);
    }
    li.target {
      outline: 2px dashed var(--lway-mark);
      outline-offset: -2px;
    }
    header {
      display: flex;
      align-items: center;
      gap: 2px;
      margin: 0 6px 6px;
    }
    h2 {
      flex: 1;
      margin: 0;
      font-size: 12px;
      font-weight: 600;
      color: var(--lway-text-2);
    }
    header button {
      width: 26px;
      height: 26px;
      display: grid;
      place-items: center;
      color: var(--lway-text-2);
    }
    header button:hover:not(:disabled) {
      background: var(--lway-hover);
      color: var(--lway-text);
    }
    header button:disabled {
      opacity: 0.38;
    }
    header svg {
      width: 16px;
      height: 16px;
    }
    input {
      font: inherit;
      flex: 1;
      min-width: 0;
      height: 26px;
      padding: 0 6px;
      color: inherit;
      background: var(--lway-field);
      border: 1px solid var(--lway-field-line);
      border-radius: 4px;
    }
    @media (forced-colors: active) {
      li.active {
        outline: 2px solid Highlight;
        outline-offset: -2px;
      }
    }
    button {
      font: inherit;
      color: inherit;
      background: none;
      border: 0;
      padding: 0;
      border-radius: 4px;
    }
    :is(button, input):focus-visible {
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
      display: block;
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

  constructor() {
    super();
    this.renaming = null;
    this.target = null;
  }

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
    const at = layers.findIndex(({ id }) => id === activeId);
    const active = layers[at];
    const button = (name: string, keys: string, icon: unknown, possible: boolean, act: () => void) =>
      html`<button aria-label=${name} title="${name} (${keys})" ?disabled=${!possible} @click=${act}>${icon}</button>`;
    return html`<header>
        <h2>Layers</h2>
        ${button('Move layer up', 'Alt+Up', icons.up, at > 0, () => moveLayer(this.workspace, document, active!.id, at - 1))}
        ${button('Move layer down', 'Alt+Down', icons.down, at >= 0 && at < layers.length - 1, () =>
          moveLayer(this.workspace, document, active!.id, at + 1),
        )}
        ${button('Rename layer', 'F2', icons.pencil, at >= 0, () => (this.renaming = active!.id))}
        ${button('Delete layer', 'Delete', icons.bin, at >= 0 && layers.length > 1, () =>
          removeLayer(this.workspace, document, active!.id),
        )}
      </header>
      <ul aria-label="Layers" @keydown=${(event: KeyboardEvent) => this.onKey(event, document)}>
        ${layers.map((layer, i) => this.renderLayer(document, layer, i, activeId))}
      </ul>`;
  }

  private renderLayer(document: OpenDocument, layer: Layer, place: number, activeId: string | null) {
    const own = layer.pixels.info;
    const classes = [
      layer.id === activeId ? 'active' : '',
      layer.visible ? '' : 'hidden',
      place === this.target ? 'target' : '',
    ].join(' ');
    return html`<li
      class=${classes}
      draggable=${this.renaming === layer.id ? 'false' : 'true'}
      @dragstart=${(event: DragEvent) => event.dataTransfer?.setData(dragType, layer.id)}
      @dragover=${(event: DragEvent) => this.onDragOver(event, place)}
      @dragleave=${() => (this.target = null)}
      @drop=${(event: DragEvent) => this.onDrop(event, document, place)}
    >
      <button
        class="eye"
        aria-pressed=${layer.visible}
        aria-label="Show ${layer.name}"
        title=${layer.visible ? 'Hide this layer' : 'Show this layer'}
        @click=${() => toggleLayer(this.workspace, document, layer)}
      >
        ${layer.visible ? icons.eye : icons.eyeClosed}
      </button>
      ${
        this.renaming === layer.id
          ? html`<input
              aria-label="Name of the layer"
              .value=${layer.name}
              @keydown=${(event: KeyboardEvent) => this.onNameKey(event)}
              @blur=${(event: Event) => this.endRenaming(document, layer, (event.target as HTMLInputElement).value)}
            />`
          : html`<button
              class="name"
              aria-current=${layer.id === activeId}
              @click=${() => this.workspace.adjust(document, { activeId: layer.id })}
              @dblclick=${() => (this.renaming = layer.id)}
            >
              <canvas width="80" height="60" data-layer=${layer.id} aria-hidden="true"></canvas>
              <span class="label">
                <b>${layer.name}</b><small>${own.width} × ${own.height}${layer.made ? ` · ${layer.made}` : ''}</small>
              </span>
            </button>`
      }
    </li>`;
  }

  private onKey(event: KeyboardEvent, document: OpenDocument): void {
    if (this.renaming) return;
    const { layers, activeId } = document.state;
    const at = layers.findIndex(({ id }) => id === activeId);
    if (at < 0) return;
    if (event.key === 'F2') this.renaming = activeId;
    else if (event.key === 'Delete' || event.key === 'Backspace') removeLayer(this.workspace, document, activeId!);
    else if (event.altKey && event.key === 'ArrowUp') moveLayer(this.workspace, document, activeId!, at - 1);
    else if (event.altKey && event.key === 'ArrowDown') moveLayer(this.workspace, document, activeId!, at + 1);
    else return;
    event.preventDefault();
  }

  private onNameKey(event: KeyboardEvent): void {
    const input = event.target as HTMLInputElement;
    event.stopPropagation();
    if (event.key === 'Escape') input.value = '';
    if (event.key === 'Enter' || event.key === 'Escape') input.blur();
  }

  /** An empty name leaves the old one. */
  private endRenaming(document: OpenDocument, layer: Layer, name: string): void {
    this.renaming = null;
    renameLayer(this.workspace, document, layer.id, name);
  }

  private onDragOver(event: DragEvent, place: number): void {
    if (!event.dataTransfer?.types.includes(dragType)) return;
    event.preventDefault();
    this.target = place;
  }

  private onDrop(event: DragEvent, document: OpenDocument, place: number): void {
    this.target = null;
    const id = event.dataTransfer?.getData(dragType);
    if (!id) return;
    event.preventDefault();
    moveLayer(this.workspace, document, id, place);
  }

  protected override updated(): void {
    for (const layer of this.workspace.active?.state.layers ?? []) void this.drawThumbnail(layer);
    const input = this.renderRoot.querySelector('input');
    if (input && this.shadowRoot?.activeElement !== input) {
      input.focus();
      input.select();
    }
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

customElements.define('lway-layer-list', LayerList);

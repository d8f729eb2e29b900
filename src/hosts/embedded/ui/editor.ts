import { css, html, LitElement, nothing } from 'lit';
import { LWayError, isAbort, toPlainError } from '../../../engine/errors';
import { decodePicture } from '../decode';
import { composite } from '../export/composite';
import { checkPng, writePng } from '../export/png';
import { checkPsd, writePsd } from '../export/psd';
import type { OpenDocument, Workspace } from '../workspace';
import type { CanvasView, Tool } from './canvas-view';
import './canvas-view';
import './layer-list';
import { saveFile } from './save-file';

/**
 * The built-in editor: opens pictures, shows them with their layers, selects a rectangle, exports. The panel sits in
 * the default slot. It is a home for trying LWay, not a paint program.
 */
export class Editor extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    tool: { state: true },
    zoom: { state: true },
    message: { state: true },
    dropping: { state: true },
    work: { state: true },
  };
  declare workspace: Workspace;
  declare tool: Tool;
  declare zoom: number;
  declare message: { text: string; advice: string } | null;
  declare dropping: boolean;
  /** What goes on now: opening or exporting a file, and how far it is, 0..1. */
  declare work: { text: string; done: number | null } | null;

  static override styles = css`
    :host {
      display: grid;
      grid-template: auto 1fr auto / 1fr 320px;
      grid-template-areas: 'bar bar' 'view side' 'status side';
      height: 100%;
      background: var(--lway-surface);
      position: relative;
    }
    * {
      box-sizing: border-box;
    }
    header {
      grid-area: bar;
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 4px;
      min-height: 44px;
      padding: 6px 10px;
      border-bottom: 1px solid var(--lway-line);
    }
    .brand {
      display: flex;
      align-items: center;
      gap: 8px;
      font-weight: 650;
      font-size: 14px;
      letter-spacing: -0.01em;
      margin: 0 10px 0 4px;
    }
    .brand svg {
      width: 20px;
      height: 20px;
      color: var(--lway-accent);
    }
    .gap {
      flex: 1;
    }
    .group {
      display: flex;
      gap: 2px;
    }
    .rule {
      width: 1px;
      height: 20px;
      margin: 0 6px;
      background: var(--lway-line);
    }
    button,
    select,
    input {
      font: inherit;
      color: inherit;
    }
    header button {
      display: inline-flex;
      align-items: center;
      justify-content: center;
      gap: 6px;
      min-width: 30px;
      height: 30px;
      padding: 0 8px;
      border: 0;
      border-radius: 6px;
      background: none;
    }
    header button svg {
      width: 16px;
      height: 16px;
    }
    header button:hover:not(:disabled) {
      background: var(--lway-hover);
    }
    header button:disabled {
      opacity: 0.38;
    }
    header button[aria-pressed='true'] {
      background: var(--lway-selected);
    }
    :is(button, select, input, summary):focus-visible {
      outline: 2px solid var(--lway-focus);
      outline-offset: 1px;
    }
    .zoom {
      min-width: 56px;
      font-variant-numeric: tabular-nums;
    }
    details {
      position: relative;
    }
    summary {
      list-style: none;
      display: inline-flex;
      align-items: center;
      gap: 6px;
      height: 30px;
      padding: 0 10px;
      border-radius: 6px;
      cursor: default;
    }
    summary::-webkit-details-marker {
      display: none;
    }
    summary:hover {
      background: var(--lway-hover);
    }
    .menu {
      position: absolute;
      z-index: 2;
      inset-inline-end: 0;
      top: calc(100% + 4px);
      width: 230px;
      padding: 4px;
      border-radius: 8px;
      background: var(--lway-raised);
      border: 1px solid var(--lway-line);
      box-shadow: 0 8px 24px rgb(0 0 0 / 22%);
    }
    .menu button {
      display: block;
      width: 100%;
      height: auto;
      padding: 6px 10px;
      text-align: start;
    }
    .menu small {
      display: block;
      color: var(--lway-text-2);
      font-size: 11px;
    }
    main {
      grid-area: view;
      display: grid;
      grid-template-rows: auto 1fr;
      min-width: 0;
      min-height: 0;
    }
    .tabs {
      display: flex;
      overflow-x: auto;
      scrollbar-width: thin;
      border-bottom: 1px solid var(--lway-line);
    }
    .tab {
      display: flex;
      align-items: center;
      flex: none;
      max-width: 240px;
      border-inline-end: 1px solid var(--lway-line);
    }
    .tab.active {
      background: var(--lway-desk);
    }
    .tab button {
      border: 0;
      background: none;
      height: 30px;
      border-radius: 4px;
    }
    .tab .title {
      padding: 0 2px 0 12px;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      color: var(--lway-text-2);
    }
    .tab.active .title {
      color: var(--lway-text);
    }
    .tab .close {
      flex: none;
      width: 24px;
      padding: 0;
      margin-inline-end: 4px;
      color: var(--lway-text-2);
    }
    .tab .close:hover {
      color: var(--lway-text);
    }
    .empty {
      display: grid;
      place-content: center;
      justify-items: center;
      gap: 12px;
      padding: 24px;
      text-align: center;
      color: var(--lway-text-2);
      background: var(--lway-desk);
    }
    .empty button {
      height: 32px;
      padding: 0 16px;
      border-radius: 6px;
      border: 1px solid var(--lway-field-line);
      background: var(--lway-raised);
    }
    footer {
      grid-area: status;
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 2px 16px;
      min-height: 30px;
      padding: 3px 12px;
      border-top: 1px solid var(--lway-line);
      font-size: 12px;
      color: var(--lway-text-2);
      font-variant-numeric: tabular-nums;
    }
    footer .selection {
      display: flex;
      gap: 10px;
      margin-inline-start: auto;
    }
    footer label {
      display: flex;
      align-items: center;
      gap: 4px;
    }
    footer button {
      height: 22px;
      padding: 0 8px;
      border: 1px solid var(--lway-line);
      border-radius: 4px;
      background: var(--lway-raised);
      color: var(--lway-text);
    }
    summary[inert] {
      opacity: 0.38;
    }
    footer input {
      width: 62px;
      height: 22px;
      padding: 0 4px;
      border: 1px solid var(--lway-line);
      border-radius: 4px;
      background: var(--lway-field);
      color: var(--lway-text);
    }
    aside {
      grid-area: side;
      display: flex;
      flex-direction: column;
      min-height: 0;
      border-inline-start: 1px solid var(--lway-line);
    }
    .panel {
      flex: 1 1 auto;
      min-height: 0;
      overflow-y: auto;
      scrollbar-width: thin;
    }
    .layers {
      flex: none;
      max-height: 34%;
      overflow-y: auto;
      scrollbar-width: thin;
      padding: 10px 10px 12px;
      border-top: 1px solid var(--lway-line);
    }
    .layers h2 {
      margin: 0 6px 8px;
      font-size: 12px;
      font-weight: 600;
      color: var(--lway-text-2);
    }
    .message {
      position: absolute;
      z-index: 3;
      left: 16px;
      bottom: 46px;
      max-width: min(440px, calc(100% - 32px));
      display: flex;
      gap: 12px;
      padding: 12px 14px;
      border-radius: 8px;
      background: var(--lway-raised);
      border: 1px solid var(--lway-line);
      border-inline-start: 3px solid var(--lway-danger);
      box-shadow: 0 8px 24px rgb(0 0 0 / 22%);
    }
    .message p {
      margin: 0;
    }
    .message p + p {
      margin-top: 2px;
      color: var(--lway-text-2);
    }
    .message button {
      align-self: start;
      border: 0;
      background: none;
      border-radius: 4px;
      color: var(--lway-text-2);
    }
    .drop {
      position: absolute;
      z-index: 4;
      inset: 8px;
      display: grid;
      place-items: center;
      border: 2px dashed var(--lway-accent);
      border-radius: 12px;
      background: color-mix(in srgb, var(--lway-surface) 82%, transparent);
      font-size: 15px;
      pointer-events: none;
    }
    .visually-hidden {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
      white-space: nowrap;
    }
    @media (max-width: 720px) {
      :host {
        grid-template: auto minmax(200px, 44vh) auto auto / 1fr;
        grid-template-areas: 'bar' 'view' 'status' 'side';
        height: auto;
        min-height: 100%;
      }
      aside {
        border-inline-start: 0;
        border-top: 1px solid var(--lway-line);
      }
      .layers {
        max-height: none;
      }
      .rule {
        display: none;
      }
      header {
        gap: 2px;
        padding: 4px 6px;
      }
    }
    @media (max-width: 330px) {
      .brand span {
        display: none;
      }
      .brand {
        margin-inline-end: 0;
      }
    }
  `;

  private stopListening: (() => void) | null = null;
  private worker: AbortController | null = null;

  constructor() {
    super();
    this.tool = 'hand';
    this.zoom = 1;
    this.message = null;
    this.dropping = false;
    this.work = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = this.workspace.onChange(() => this.requestUpdate());
    this.addEventListener('dragover', this.onDragOver);
    this.addEventListener('dragleave', this.onDragLeave);
    this.addEventListener('drop', this.onDrop);
    document.addEventListener('keydown', this.onKeyDown);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening?.();
    document.removeEventListener('keydown', this.onKeyDown);
    this.worker?.abort();
  }

  override render() {
    const current = this.workspace.active;
    return html`
      <header>
        <span class="brand">${logo}<span>LWay</span></span>
        <button @click=${this.choose}>Open…</button>
        <input
          class="visually-hidden"
          type="file"
          accept="image/png,image/jpeg,image/webp,image/avif"
          tabindex="-1"
          aria-label="Picture to open"
          @change=${this.onChosen}
        />
        <details @focusout=${this.closeMenu} @keydown=${this.onMenuKey}>
          <summary ?inert=${!current || this.work !== null}>Export</summary>
          <div class="menu">
            <button @click=${() => current && void this.export(current, 'png')}>
              PNG<small>What is visible, ${current?.bitDepth ?? 8} bit</small>
            </button>
            <button @click=${() => current && void this.export(current, 'psd')}>
              Photoshop (PSD)<small>All layers, 8 bit</small>
            </button>
          </div>
        </details>
        <span class="rule"></span>
        <button
          aria-label="Undo"
          title=${current?.past.length ? `Undo “${current.past.at(-1)!.label}” (Ctrl+Z)` : 'Nothing to undo'}
          ?disabled=${!current?.past.length}
          @click=${() => current && this.workspace.undo(current)}
        >
          ${icons.undo}
        </button>
        <button
          aria-label="Redo"
          title=${current?.future.length ? `Redo “${current.future.at(-1)!.label}” (Ctrl+Shift+Z)` : 'Nothing to redo'}
          ?disabled=${!current?.future.length}
          @click=${() => current && this.workspace.redo(current)}
        >
          ${icons.redo}
        </button>
        <span class="rule"></span>
        <button
          aria-label="Hand"
          aria-pressed=${this.tool === 'hand'}
          title="Hand: drag to move the view (H)"
          @click=${() => (this.tool = 'hand')}
        >
          ${icons.hand}
        </button>
        <button
          aria-label="Select a region"
          aria-pressed=${this.tool === 'select'}
          title="Select a rectangle (M)"
          @click=${() => (this.tool = 'select')}
        >
          ${icons.select}
        </button>
        <span class="gap"></span>
        <span class="group">
          <button aria-label="Zoom out" title="Zoom out (-)" @click=${() => this.view?.zoomStep(-1)}>
            ${icons.minus}
          </button>
          <button
            class="zoom"
            title="Show actual pixels (1)"
            aria-label="Zoom ${this.zoomText}, show actual pixels"
            @click=${() => this.view?.zoomTo(1)}
          >
            ${this.zoomText}
          </button>
          <button aria-label="Zoom in" title="Zoom in (+)" @click=${() => this.view?.zoomStep(1)}>${icons.plus}</button>
          <button title="Show the whole picture (0)" @click=${() => this.view?.fit()}>Fit</button></span
        >
      </header>
      <main>
        ${this.renderTabs(current)}
        ${
          current
            ? html`<lway-canvas-view
                .workspace=${this.workspace}
                .tool=${this.tool}
                @view-change=${(event: Event) => (this.zoom = (event.target as CanvasView).zoom)}
              ></lway-canvas-view>`
            : html`<div class="empty">
                <p>Open a picture, or drop one here.<br />PNG, JPEG, WebP or AVIF. It stays on this machine.</p>
                <button @click=${this.choose}>Open…</button>
              </div>`
        }
      </main>
      <footer>${this.renderStatus(current)}</footer>
      <aside>
        <div class="panel"><slot></slot></div>
        ${
          current
            ? html`<section class="layers">
                <h2>Layers</h2>
                <lway-layer-list .workspace=${this.workspace}></lway-layer-list>
              </section>`
            : nothing
        }
      </aside>
      <div role="alert">
        ${
          this.message
            ? html`<div class="message">
                <div>
                  <p>${this.message.text}</p>
                  <p>${this.message.advice}</p>
                </div>
                <button aria-label="Dismiss" @click=${() => (this.message = null)}>✕</button>
              </div>`
            : nothing
        }
      </div>
      ${this.dropping ? html`<div class="drop">Drop the picture to open it</div>` : nothing}
    `;
  }

  private renderTabs(current: OpenDocument | null) {
    return html`<div class="tabs">
      ${this.workspace.documents.map(
        (one) =>
          html`<div class="tab ${one === current ? 'active' : ''}">
            <button class="title" aria-current=${one === current} @click=${() => this.workspace.activate(one.id)}>
              ${one.name}
            </button>
            <button
              class="close"
              aria-label="Close ${one.name}"
              title="Close"
              @click=${() => this.workspace.close(one.id)}
            >
              ✕
            </button>
          </div>`,
      )}
    </div>`;
  }

  private renderStatus(current: OpenDocument | null) {
    if (this.work) {
      const percent = this.work.done === null ? '' : ` ${Math.floor(this.work.done * 100)} %`;
      return html`<span role="status">${this.work.text}</span><span>${percent}</span>
        <button @click=${() => this.worker?.abort()}>Cancel</button>`;
    }
    if (!current) return html`<span>No picture is open</span>`;
    const { width, height, selection } = current.state;
    const field = (key: 'x' | 'y' | 'width' | 'height', label: string, name: string) =>
      html`<label
        ><span aria-hidden="true">${label}</span
        ><input
          type="number"
          min=${key === 'x' || key === 'y' ? 0 : 1}
          aria-label="Selection ${name} in pixels"
          .value=${String(selection![key])}
          @change=${(event: Event) => this.editSelection(current, key, Number((event.target as HTMLInputElement).value))}
      /></label>`;
    return html`<span>${width} × ${height} px</span
      ><span>${current.bitDepth} bit${current.iccProfile ? ', colour profile' : ''}</span> ${
        selection
          ? html`<span class="selection"
              >${field('x', 'X', 'left')}${field('y', 'Y', 'top')}${field('width', 'W', 'width')}${field('height', 'H', 'height')}</span
            >`
          : this.tool === 'select'
            ? html`<span>Drag to select, or press an arrow key in the picture</span>`
            : nothing
      }`;
  }

  private editSelection(current: OpenDocument, key: 'x' | 'y' | 'width' | 'height', value: number): void {
    const { width, height, selection } = current.state;
    if (!selection || !Number.isFinite(value)) return this.requestUpdate();
    const next = { ...selection, [key]: Math.round(value) };
    next.x = Math.min(width - 1, Math.max(0, next.x));
    next.y = Math.min(height - 1, Math.max(0, next.y));
    next.width = Math.min(width - next.x, Math.max(1, next.width));
    next.height = Math.min(height - next.y, Math.max(1, next.height));
    this.workspace.adjust(current, { selection: next });
  }

  /** Opens a file as a new document; what goes wrong is said in the editor. */
  open(file: File): Promise<void> {
    return this.during(`Opening ${file.name}…`, async (signal) => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const pixels = await decodePicture(signal, file.name, bytes);
      signal.throwIfAborted();
      this.workspace.add(file.name, 'Background', pixels);
    });
  }

  /** Saves the document as a file, by the browser's download. */
  private export(document: OpenDocument, format: 'png' | 'psd'): Promise<void> {
    this.renderRoot.querySelector('details')!.open = false;
    const name = `${document.name.replace(/\.(png|jpe?g|webp|avif)$/i, '')}.${format}`;
    return this.during(`Exporting ${name}…`, async (signal) => {
      const onProgress = (done: number) => (this.work = { text: `Exporting ${name}…`, done });
      const parts: Uint8Array<ArrayBuffer>[] = [];
      if (format === 'png') {
        const picture = composite(document);
        checkPng(picture.info);
        await writePng(signal, picture, (bytes) => parts.push(bytes), onProgress);
      } else {
        checkPsd(document);
        parts.push(await writePsd(signal, document, onProgress));
      }
      const type = format === 'png' ? 'image/png' : 'image/vnd.adobe.photoshop';
      saveFile(name, new Blob(parts, { type }));
    });
  }

  /** One thing at a time: a new one ends the one before. */
  private async during(text: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.worker?.abort();
    const worker = (this.worker = new AbortController());
    this.message = null;
    this.work = { text, done: null };
    try {
      await work(worker.signal);
    } catch (error) {
      if (!isAbort(error)) this.say(error);
    } finally {
      if (this.worker === worker) this.work = null;
    }
  }

  /** Shows an error in plain words. */
  say(error: unknown): void {
    const known =
      error instanceof LWayError
        ? error
        : error instanceof DOMException && error.name === 'NotReadableError'
          ? { message: 'The file could not be read.', advice: 'See whether it is still there, then open it again.' }
          : toPlainError(error);
    this.message = { text: known.message, advice: known.advice };
  }

  private get view(): CanvasView | null {
    return this.renderRoot.querySelector<CanvasView>('lway-canvas-view');
  }

  private get zoomText(): string {
    const percent = this.zoom * 100;
    return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
  }

  private closeMenu(event: FocusEvent): void {
    const menu = event.currentTarget as HTMLDetailsElement;
    if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
  }

  private onMenuKey(event: KeyboardEvent): void {
    const menu = event.currentTarget as HTMLDetailsElement;
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary')!.focus();
    event.stopPropagation();
  }

  private choose(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();
  }

  private onChosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    // The same file may be chosen again.
    input.value = '';
    if (file) void this.open(file);
  }

  private readonly onDragOver = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.dropping = true;
  };

  private readonly onDragLeave = (event: DragEvent): void => {
    if (!this.contains(event.relatedTarget as Node | null)) this.dropping = false;
  };

  private readonly onDrop = (event: DragEvent): void => {
    this.dropping = false;
    const file = event.dataTransfer?.files[0];
    // The panel takes networks that are dropped on it.
    if (!file || event.defaultPrevented) return;
    event.preventDefault();
    void this.open(file);
  };

  private readonly onKeyDown = (event: KeyboardEvent): void => {
    const current = this.workspace.active;
    const typing = event
      .composedPath()
      .some((one) => (one instanceof HTMLInputElement && one.type === 'number') || one instanceof HTMLSelectElement);
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === 'o') this.choose();
    else if (typing || !current) return;
    else if (command && key === 'z' && !event.shiftKey) this.workspace.undo(current);
    else if (command && (key === 'y' || (key === 'z' && event.shiftKey))) this.workspace.redo(current);
    else if (command && key === 'a') {
      const { width, height } = current.state;
      this.workspace.adjust(current, { selection: { x: 0, y: 0, width, height } });
    } else if (command && key === 'd') this.workspace.adjust(current, { selection: null });
    else if (!command && !event.altKey && key === 'm') this.tool = 'select';
    else if (!command && !event.altKey && key === 'h') this.tool = 'hand';
    else return;
    event.preventDefault();
  };
}

const logo = html`<svg viewBox="0 0 20 20" fill="currentColor" aria-hidden="true">
  <rect x="1" y="13" width="6" height="6" rx="1.2" />
  <path d="M4 1h13.5A1.5 1.5 0 0 1 19 2.5V16h-2.4V5.1L9.9 11.8 8.2 10.1l6.7-6.7H4z" />
</svg>`;

const icon = (content: ReturnType<typeof html>) => content;
const icons = {
  undo: icon(
    html`<svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d="M5.5 3 2.5 6l3 3M2.8 6H9.5a3.7 3.7 0 0 1 0 7.4H6" />
    </svg>`,
  ),
  redo: icon(
    html`<svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d="m10.5 3 3 3-3 3M13.2 6H6.500a3.7 3.7 0 0 0 0 7.4H10" />
    </svg>`,
  ),
  hand: icon(
    html`<svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path
        d="M5.2 8.200V3.600a1 1 0 0 1 2 0V7m0-.4V2.400a1 1 0 0 1 2 0V7m0-3.400a1 1 0 0 1 2 0v4m0-1.800a1 1 0 0 1 2 0v4c0 2.600-1.600 4.400-4.200 4.400-2 0-3-.8-3.900-2.300L2.900 9.400c-.6-1 .8-1.900 1.600-1l.7.800"
      />
    </svg>`,
  ),
  select: icon(
    html`<svg
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-dasharray="2.4 2"
      aria-hidden="true"
    >
      <rect x="2.200" y="3.200" width="11.600" height="9.600" />
    </svg>`,
  ),
  minus: icon(
    html`<svg viewBox="0 0 16 16" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" aria-hidden="true">
      <path d="M4 8h8" />
    </svg>`,
  ),
  plus: icon(
    html`<svg viewBox="0 0 16 16" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" aria-hidden="true">
      <path d="M4 8h8M8 4v8" />
    </svg>`,
  ),
};

customElements.define('lway-editor', Editor);

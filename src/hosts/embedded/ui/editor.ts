import { html, LitElement, nothing } from 'lit';
import { isAbort, LWayError, type Rect, toPlainError } from '../../../engine';
import { networkEndings, networksAmong } from '../../../ui/network-files';
import '../../../ui/ask-dialog';
import type { AskDialog } from '../../../ui/ask-dialog';
import { decodePicture } from '../decode';
import type { OpenDocument, Workspace } from '../workspace';
import type { CanvasView, Tool } from './canvas-view';
import './canvas-view';
import './compare-bar';
import { comparable, comparisonOf, type Comparison } from './comparison';
import './document-tabs';
import { pictureEndings } from '../../../pictures/names';
import { droppedFiles, picturesOf } from './dropped';
import { layout } from './editor-styles';
import './export-dialog';
import type { ExportDialog, ExportRequest } from './export-dialog';
import './layer-list';
import { saveFile } from './save-file';
import './status-bar';
import './toolbar';

/**
 * The built-in editor: opens pictures, shows them with their layers, compares, selects a rectangle, exports. The panel
 * sits in the default slot, the queue in `queue`. Fires `pictures` with several files that came at once, and `network` with
 * a network's, `point` with the document's pixel where the hand clicks, `preview` on the key P. It is a home for trying LWay, not a paint program.
 */
export class Editor extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    tool: { state: true },
    zoom: { state: true },
    message: { state: true },
    info: { state: true },
    dropping: { state: true },
    work: { state: true },
    comparing: { state: true },
    only: { state: true },
    frame: { attribute: false },
  };
  declare workspace: Workspace;
  declare tool: Tool;
  declare zoom: number;
  declare message: { text: string; advice: string } | null;
  /** Something good to know, once. */
  declare info: string | null;
  declare dropping: boolean;
  /** What goes on now: opening or exporting a file, and how far it is, 0..1. */
  declare work: { text: string; done: number | null } | null;
  /** Layers are compared on the canvas; with this one, where the person has chosen. */
  declare comparing: { with: string | null } | null;
  /** One of the two is shown alone. */
  declare only: Comparison['only'];

  /** A part of the document that is pointed out. */
  declare frame: Rect | null;

  static override styles = layout;

  private stopListening: (() => void) | null = null;
  /** What there is to know of open documents, by id: shown with each until it is put away. */
  private readonly notes = new Map<string, string>();
  private worker: AbortController | null = null;
  /** What is opened or exported now, and what waits for it. */
  private last: Promise<void> = Promise.resolve();
  /** Documents are changed in place: what shows them is told by this. */
  private revision = 0;

  constructor() {
    super();
    this.tool = 'hand';
    this.zoom = 1;
    this.message = null;
    this.info = null;
    this.dropping = false;
    this.work = null;
    this.comparing = null;
    this.only = null;
    this.frame = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = this.workspace.onChange(() => {
      this.revision += 1;
      this.requestUpdate();
    });
    this.addEventListener('dragover', this.onDragOver);
    this.addEventListener('dragleave', this.onDragLeave);
    this.addEventListener('drop', this.onDrop);
    document.addEventListener('keydown', this.onKeyDown);
    document.addEventListener('keyup', this.onKeyUp);
    window.addEventListener('blur', this.onBlur);
    document.addEventListener('paste', this.onPaste);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening?.();
    document.removeEventListener('keydown', this.onKeyDown);
    document.removeEventListener('keyup', this.onKeyUp);
    window.removeEventListener('blur', this.onBlur);
    document.removeEventListener('paste', this.onPaste);
    this.worker?.abort();
  }

  override render() {
    const current = this.workspace.active;
    const others = current ? comparable(current.state) : [];
    const comparison = this.comparison(current);
    return html`
      <header>
        <lway-toolbar
          .current=${current}
          .tool=${this.tool}
          .zoom=${this.zoom}
          .busy=${this.work !== null}
          .comparing=${comparison !== null && this.comparing !== null}
          .comparable=${others.length > 0}
          .revision=${this.revision}
          @open=${this.choose}
          @export=${() => current && this.exportDialog.open(current)}
          @undo=${() => current && this.workspace.undo(current)}
          @redo=${() => current && this.workspace.redo(current)}
          @tool=${(event: CustomEvent<Tool>) => (this.tool = event.detail)}
          @compare=${() => (this.comparing = this.comparing ? null : { with: null })}
          @zoom-step=${(event: CustomEvent<1 | -1>) => this.view?.zoomStep(event.detail)}
          @zoom-to=${(event: CustomEvent<number>) => this.view?.zoomTo(event.detail)}
          @fit=${() => this.view?.fit()}
        ></lway-toolbar>
        <input
          class="visually-hidden"
          type="file"
          accept=${`image/*,${pictureEndings},${networkEndings}`}
          multiple
          tabindex="-1"
          aria-label="Picture to open"
          @change=${this.onChosen}
        />
      </header>
      <main>
        <lway-document-tabs
          .workspace=${this.workspace}
          .revision=${this.revision}
          @close-document=${(event: CustomEvent<OpenDocument>) => void this.close(event.detail)}
        ></lway-document-tabs>
        ${
          comparison && this.comparing
            ? html`<lway-compare-bar
                .comparison=${comparison}
                .others=${others}
                @with=${(event: CustomEvent<string>) => (this.comparing = { with: event.detail })}
                @only=${(event: CustomEvent<Comparison['only']>) => (this.only = event.detail)}
                @zoom-to=${(event: CustomEvent<number>) => this.view?.zoomTo(event.detail)}
                @close=${() => (this.comparing = null)}
              ></lway-compare-bar>`
            : html`<span></span>`
        }
        ${
          current
            ? html`<lway-canvas-view
                .workspace=${this.workspace}
                .tool=${this.tool}
                .comparison=${comparison}
                .frame=${this.frame}
                @point=${(event: CustomEvent) => this.dispatchEvent(new CustomEvent('point', { detail: event.detail }))}
                @view-change=${(event: Event) => (this.zoom = (event.target as CanvasView).zoom)}
              ></lway-canvas-view>`
            : html`<div class="empty">
                <p>Open a picture, or drop or paste one here.<br />It stays on this machine.</p>
                <button @click=${this.choose}>Open…</button>
              </div>`
        }
      </main>
      <slot name="queue"></slot>
      <footer>
        <lway-status-bar
          .workspace=${this.workspace}
          .tool=${this.tool}
          .work=${this.work}
          .revision=${this.revision}
          @cancel=${() => this.worker?.abort()}
        ></lway-status-bar>
      </footer>
      <aside>
        <div class="panel"><slot></slot></div>
        ${
          current
            ? html`<section class="layers"><lway-layer-list .workspace=${this.workspace}></lway-layer-list></section>`
            : nothing
        }
      </aside>
      ${this.renderMessages(current)}
      <lway-export-dialog
        @export=${(event: CustomEvent<ExportRequest>) => void this.export(event.detail)}
      ></lway-export-dialog>
      <lway-ask-dialog></lway-ask-dialog>
      ${this.dropping ? html`<div class="drop">Drop pictures to open them, or a network to add it</div>` : nothing}
    `;
  }

  private renderMessages(current: OpenDocument | null) {
    const note = current && this.notes.get(current.id);
    const line = (text: string, close: () => void) =>
      html`<div class="message info">
        <p>${text}</p>
        <button aria-label="Dismiss this line" @click=${close}>✕</button>
      </div>`;
    return html`<div class="messages">
      <div role="status">
        ${this.info ? line(this.info, () => (this.info = null)) : nothing}
        ${note ? line(note, () => this.putAway(current!)) : nothing}
      </div>
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
    </div>`;
  }

  private comparison(current: OpenDocument | null): Comparison | null {
    if (!current || (!this.comparing && !this.only)) return null;
    return comparisonOf(current.state, this.comparing?.with ?? null, this.only);
  }

  /**
   * Takes what was chosen, dropped or pasted: a picture is opened, several go to the `pictures` event, each network to the
   * `network` event.
   */
  private take(files: readonly File[], folders: readonly string[] = []): void {
    const networks = networksAmong(files);
    for (const network of networks) this.dispatchEvent(new CustomEvent('network', { detail: network }));
    const others = files.filter((file) => !networks.flat().includes(file));
    const pictures = folders.length > 0 ? picturesOf(others) : others;
    if (folders.length > 0 && pictures.length === 0) {
      this.message = {
        text: `“${folders[0]}” holds no pictures.`,
        advice: 'Choose a folder with PNG, JPEG, WebP, AVIF, TIFF, PSD or GIF files.',
      };
    } else if (pictures.length === 1 && folders.length === 0) void this.open(pictures[0]!);
    else if (pictures.length > 0) this.dispatchEvent(new CustomEvent('pictures', { detail: pictures }));
  }

  /** The pixel of the document under the pointer, or in the middle of what is seen of it. */
  pointed(): { x: number; y: number } | null {
    return this.view?.pointed ?? null;
  }

  /** Opens a file as a new document; what goes wrong is said in the editor. */
  open(file: File): Promise<void> {
    return this.during(`Opening ${file.name}…`, async (signal) => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const { pixels, metadata, notices } = await decodePicture(signal, file.name, bytes);
      signal.throwIfAborted();
      const { id } = this.workspace.add(file.name, 'Background', pixels, { metadata });
      if (notices.length > 0) this.notes.set(id, notices.join(' '));
      this.requestUpdate();
    });
  }

  /** Closes a document; asks where something would be lost. */
  async close(document: OpenDocument): Promise<void> {
    const { workspace } = this;
    const atWork = workspace.atWork(document.id);
    if (atWork || workspace.unsaved(document)) {
      const keep = { value: 'keep', text: 'Keep it open' };
      const answer = await this.askDialog.ask(
        atWork
          ? {
              title: `“${document.name}” is being upscaled.`,
              text: 'If you close it, the upscale goes on, and its result is offered as a new document.',
              answers: [{ value: 'close', text: 'Close it' }, keep],
            }
          : {
              title: `Close “${document.name}” without exporting it?`,
              text: 'Its upscaled layers are in no file yet.',
              answers: [
                { value: 'close', text: 'Close without exporting', danger: true },
                { value: 'export', text: 'Export…' },
                keep,
              ],
            },
      );
      if (answer === 'export') this.exportDialog.open(document);
      if (answer !== 'close') return;
    }
    this.notes.delete(document.id);
    workspace.close(document.id);
  }

  private putAway({ id }: OpenDocument): void {
    this.notes.delete(id);
    this.requestUpdate();
  }

  /** Saves the document as a file, by the browser's download. */
  private export({ document, name, format, options }: ExportRequest): Promise<void> {
    return this.during(`Exporting ${name}…`, async (signal) => {
      const { state } = document;
      const onProgress = (done: number) => (this.work = { text: `Exporting ${name}…`, done });
      saveFile(name, await format.write(signal, document, options, onProgress));
      if (document.state === state) this.workspace.markSaved(document);
    });
  }

  /** One thing after the other: an export is not lost because something is opened meanwhile. Cancel ends what is shown. */
  private during(text: string, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.message = null;
    const next = async () => {
      const { signal } = (this.worker = new AbortController());
      this.work = { text, done: null };
      try {
        await work(signal);
      } catch (error) {
        if (!isAbort(error)) this.say(error);
      } finally {
        this.work = null;
      }
    };
    return (this.last = this.last.then(next));
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

  private get exportDialog(): ExportDialog {
    return this.renderRoot.querySelector<ExportDialog>('lway-export-dialog')!;
  }

  private get askDialog(): AskDialog {
    return this.renderRoot.querySelector<AskDialog>('lway-ask-dialog')!;
  }

  private choose(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();
  }

  private onChosen(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // The same file may be chosen again.
    input.value = '';
    this.take(files);
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
    // The panel takes networks that are dropped on it.
    if (!event.dataTransfer?.types.includes('Files') || event.defaultPrevented) return;
    event.preventDefault();
    droppedFiles(event.dataTransfer).then(
      ({ files, folders }) => this.take(files, folders),
      (error: unknown) => this.say(error),
    );
  };

  private readonly onPaste = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    // The clipboard calls every picture the same.
    const name = (file: File) => (file.name === 'image.png' ? 'Pasted picture.png' : file.name);
    this.take(files.map((file) => new File([file], name(file), { type: file.type })));
  };

  private readonly onKeyDown = (event: KeyboardEvent): void => {
    const current = this.workspace.active;
    if (event.composedPath().some((one) => one instanceof HTMLDialogElement && one.open)) return;
    const typing = event
      .composedPath()
      .some(
        (one) =>
          (one instanceof HTMLInputElement && /^(number|text)$/.test(one.type)) || one instanceof HTMLSelectElement,
      );
    const command = event.ctrlKey || event.metaKey;
    const plain = !command && !event.altKey;
    const key = event.key.toLowerCase();
    if (command && key === 'o') this.choose();
    else if (command && key === 's' && current) this.exportDialog.open(current);
    else if (typing || !current) return;
    else if (command && key === 'z' && !event.shiftKey) this.workspace.undo(current);
    else if (command && (key === 'y' || (key === 'z' && event.shiftKey))) this.workspace.redo(current);
    else if (command && key === 'a') {
      const { width, height } = current.state;
      this.workspace.adjust(current, { selection: { x: 0, y: 0, width, height } });
    } else if (command && key === 'd') this.workspace.adjust(current, { selection: null });
    else if (plain && key === 'm') this.tool = 'select';
    else if (plain && key === 'h') this.tool = 'hand';
    else if (plain && key === 'c') this.comparing = this.comparing ? null : { with: null };
    else if (plain && key === 'b') this.only = 'first';
    else if (plain && key === 'p') this.dispatchEvent(new CustomEvent('preview'));
    else return;
    event.preventDefault();
  };

  private readonly onKeyUp = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() === 'b') this.only = null;
  };

  /** A key that is let go in another window is not heard here. */
  private readonly onBlur = (): void => {
    this.only = null;
  };
}

customElements.define('lway-editor', Editor);

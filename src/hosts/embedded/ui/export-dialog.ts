import { css, html, LitElement, nothing } from 'lit';
import { LWayError } from '../../../engine';
import { fileName, scaledName } from '../../../pictures/names';
import '../../../ui/segmented';
import { dialogs, shared } from '../../../ui/styles';
import { exportFormats, wordsLost, type ExportFormat, type ExportOptions, type FormatId } from '../export/formats';
import type { OpenDocument } from '../workspace';

const key = 'lway.export.v1';

/** What is chosen in the dialog. */
interface Choice {
  readonly format: FormatId;
  readonly quality: number;
  readonly bitDepth: 8 | 16;
  readonly resolution: number | undefined;
  /** Camera, date and place are kept. */
  readonly metadata: boolean;
}

/** What an export is to be: a file's name and the options. */
export interface ExportRequest {
  readonly document: OpenDocument;
  readonly name: string;
  readonly format: ExportFormat;
  readonly options: ExportOptions;
}

/** Asks how a document is to be exported. Fires `export` with an {@link ExportRequest}. */
export class ExportDialog extends LitElement {
  static override properties = { document: { state: true }, options: { state: true }, name: { state: true } };
  declare document: OpenDocument | null;
  declare options: Choice;
  declare name: string;

  static override styles = [
    shared,
    dialogs,
    css`
      dialog {
        width: min(400px, calc(100vw - 24px));
        max-height: calc(100dvh - 24px);
      }
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 14px;
      }
      h2 {
        margin: 0;
        font-size: 14px;
      }
      .file {
        display: flex;
        align-items: center;
        gap: 6px;
      }
      input[type='text'] {
        flex: 1;
        min-width: 0;
        height: 28px;
        padding: 0 8px;
        border: 1px solid var(--lway-field-line);
        border-radius: 6px;
        background: var(--lway-field);
      }
      .short {
        width: 90px !important;
      }
      .check {
        display: flex;
        gap: 8px;
        align-items: center;
      }
      /* Within reach in a low window. */
      .buttons {
        position: sticky;
        bottom: -18px;
        display: flex;
        justify-content: end;
        gap: 8px;
        margin-block: -8px -18px;
        padding-block: 8px 18px;
        background: var(--lway-surface);
      }
      @media (max-width: 300px) {
        dialog {
          padding-inline: 10px;
        }
        .resolution {
          flex-wrap: wrap;
        }
      }
      .under {
        margin-top: 6px;
      }
      .wrong {
        color: var(--lway-danger);
      }
    `,
  ];

  constructor() {
    super();
    this.document = null;
    this.name = '';
    this.options = { format: 'png', quality: 90, bitDepth: 8, resolution: undefined, metadata: true };
  }

  open(document: OpenDocument): void {
    const { format, quality, metadata } = { ...this.options, ...kept() };
    this.document = document;
    this.name = suggestedName(document);
    const bitDepth = document.bitDepth === 8 ? 8 : 16;
    this.options = { format, quality, metadata, bitDepth, resolution: document.resolution };
  }

  override render() {
    const { document, options } = this;
    if (!document) return nothing;
    const format = this.format;
    const obstacle = this.obstacle(document, format);
    return html`<dialog aria-labelledby="title" @close=${() => (this.document = null)}>
      <form method="dialog" @submit=${this.onSubmit}>
        <h2 id="title">Export</h2>
        <div>
          <label class="label" for="name">Name</label>
          <div class="file">
            <input
              id="name"
              type="text"
              autocomplete="off"
              spellcheck="false"
              .value=${this.name}
              @input=${(event: Event) => (this.name = (event.target as HTMLInputElement).value)}
            /><span class="hint">.${format.extension}</span>
          </div>
        </div>
        <div>
          <lway-segmented
            label="Format"
            .value=${format.id}
            .segments=${exportFormats.map(({ id, name }) => ({ value: id, text: name }))}
            @change=${(event: CustomEvent<FormatId>) => this.change({ format: event.detail })}
          ></lway-segmented>
          <p class="hint under">${format.hint}</p>
        </div>
        ${
          format.lossy
            ? html`<div>
                <div class="line">
                  <label for="quality">Quality</label><span class="hint numbers">${options.quality}</span>
                </div>
                <input
                  id="quality"
                  type="range"
                  min="1"
                  max="100"
                  .value=${String(options.quality)}
                  @input=${(event: Event) => this.change({ quality: (event.target as HTMLInputElement).valueAsNumber })}
                />
              </div>`
            : nothing
        }
        ${
          format.depths.length > 1
            ? html`<lway-segmented
                label="Depth"
                .value=${String(options.bitDepth)}
                .segments=${format.depths.map((depth) => ({ value: String(depth), text: `${depth} bit` }))}
                @change=${(event: CustomEvent<string>) => this.change({ bitDepth: Number(event.detail) as 8 | 16 })}
              ></lway-segmented>`
            : nothing
        }
        <div class="file resolution">
          <label for="dpi">Resolution</label>
          <input
            id="dpi"
            class="short"
            type="number"
            min="1"
            max="9600"
            step="any"
            placeholder="none"
            .value=${options.resolution === undefined ? '' : String(Number(options.resolution.toFixed(2)))}
            @change=${this.onResolution}
          />
          <span class="hint">pixels per inch</span>
        </div>
        ${
          document.metadata
            ? html`<label class="check">
                  <input
                    type="checkbox"
                    .checked=${options.metadata}
                    @change=${(event: Event) => this.change({ metadata: (event.target as HTMLInputElement).checked })}
                  />
                  Keep camera data, date, place and words
                </label>
                ${
                  options.metadata && wordsLost(format, document.metadata)
                    ? html`<p class="hint">${wordsLost(format, document.metadata)}</p>`
                    : nothing
                }`
            : nothing
        }
        ${obstacle ? html`<p class="hint wrong" role="alert">${obstacle}</p>` : nothing}
        <div class="buttons">
          <button type="button" @click=${() => (this.document = null)}>Cancel</button>
          <button class="primary" type="submit" ?disabled=${obstacle !== ''}>Export</button>
        </div>
      </form>
    </dialog>`;
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const name = this.renderRoot.querySelector<HTMLInputElement>('#name')!;
    name.focus();
    name.select();
  }

  private get format(): ExportFormat {
    return exportFormats.find(({ id }) => id === this.options.format) ?? exportFormats[0]!;
  }

  private obstacle(document: OpenDocument, format: ExportFormat): string {
    try {
      format.check(document, this.fitting(document, format));
      return '';
    } catch (error) {
      if (!(error instanceof LWayError)) throw error;
      return `${error.message} ${error.advice}`;
    }
  }

  /** The choice as far as the format knows it. */
  private fitting({ metadata }: OpenDocument, { depths }: ExportFormat): ExportOptions {
    const { quality, bitDepth, resolution, metadata: wanted } = this.options;
    const depth = depths.includes(bitDepth) ? bitDepth : depths[0]!;
    return { quality, bitDepth: depth, resolution, metadata: wanted ? metadata : undefined };
  }

  private change(options: Partial<Choice>): void {
    this.options = { ...this.options, ...options };
  }

  private onResolution(event: Event): void {
    const input = event.target as HTMLInputElement;
    const { valueAsNumber: value } = input;
    const resolution = Number.isFinite(value) ? Math.min(9600, Math.max(1, value)) : undefined;
    this.change({ resolution });
    input.value = resolution === undefined ? '' : String(resolution);
  }

  private onSubmit(event: Event): void {
    event.preventDefault();
    const { document, format } = this;
    if (!document) return;
    const options = this.fitting(document, format);
    try {
      localStorage.setItem(
        key,
        JSON.stringify({ format: format.id, quality: options.quality, metadata: this.options.metadata }),
      );
    } catch {
      // Asked again next time.
    }
    const name = `${fileName(this.name)}.${format.extension}`;
    this.document = null;
    const detail: ExportRequest = { document, name, format, options };
    this.dispatchEvent(new CustomEvent('export', { detail }));
  }
}

/** The picture's name, with how much larger it is than it came: `photo-x4`. */
function suggestedName({ name, state }: OpenDocument): string {
  // Of the layer that covers the document from below.
  const first = state.layers.at(-1);
  const scale = first && first.bounds.width === state.width ? state.width / first.pixels.info.width : 1;
  return scaledName(name, scale);
}

/** What was chosen last time. */
function kept(): Partial<Choice> {
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Choice>;
    const format = exportFormats.find(({ id }) => id === value.format)?.id;
    const quality = Number(value.quality);
    return {
      ...(format ? { format } : {}),
      ...(quality >= 1 && quality <= 100 ? { quality: Math.round(quality) } : {}),
      ...(typeof value.metadata === 'boolean' ? { metadata: value.metadata } : {}),
    };
  } catch {
    return {};
  }
}

customElements.define('lway-export-dialog', ExportDialog);

import { css, html, LitElement, nothing } from 'lit';
import type { ModelEntry } from '../../engine/runtime/registry';
import type { PanelState } from '../controller';
import type { ModelChoice } from '../services';
import { crispnessText } from '../words';
import { shared } from '../../ui/styles';

/** What was found out about a network, in words. */
export function modelFacts(entry: ModelEntry): string {
  const { input } = entry;
  const size = input.size ? `fixed input of ${input.size.width} × ${input.size.height}` : 'any size';
  const parameters =
    entry.parameters >= 1e6
      ? `${(entry.parameters / 1e6).toFixed(1)} million parameters`
      : `${Math.max(1, Math.round(entry.parameters / 1000))} thousand parameters`;
  const sees =
    entry.receptiveField === null ? 'sees the whole picture at once' : `sees ${entry.receptiveField} pixels around`;
  return [
    `×${entry.scale}`,
    `${input.channels}, ${input.range[0]}–${input.range[1]}`,
    `${input.layout}, ${input.type === 'float16' ? '16' : '32'} bit`,
    size,
    sees,
    parameters,
  ].join(' · ');
}

/**
 * Chooses a network, goes between its faithful and its crisp form where it has both, and takes ONNX files that the person
 * brings, by button or drop. Fires `choose` with the id, `crispness` with 0..1, `add` with the file, `remove` with the id.
 */
export class ModelPicker extends LitElement {
  static override properties = {
    models: { attribute: false },
    selected: { attribute: false },
    crispness: { attribute: false },
    adding: { attribute: false },
    disabled: { type: Boolean },
    over: { state: true },
  };
  declare models: readonly ModelChoice[];
  declare selected: ModelChoice | undefined;
  /** 0 faithful, 1 crisp; null where the network has only one form. */
  declare crispness: number | null;
  declare adding: PanelState['adding'];
  declare disabled: boolean;
  declare over: boolean;

  static override styles = [
    shared,
    css`
      :host {
        border-radius: 8px;
      }
      .over {
        outline: 2px dashed var(--lway-accent);
        outline-offset: 6px;
        border-radius: 6px;
      }
      .head {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
      }
      .head button {
        height: 22px;
        font-size: 12px;
      }
      .hint {
        margin-top: 6px;
      }
      .crispness {
        margin-top: 8px;
      }
      .crispness + div .hint {
        margin-top: 2px;
      }
      .facts {
        margin-top: 6px;
        padding-inline-start: 8px;
        border-inline-start: 2px solid var(--lway-line);
      }
      .error {
        margin-top: 8px;
        padding: 8px 10px;
        border-radius: 6px;
        background: var(--lway-danger-bg);
        color: var(--lway-danger);
        font-size: 12px;
      }
      .error,
      .hint {
        overflow-wrap: anywhere;
      }
      .error span {
        display: block;
        color: var(--lway-text);
      }
    `,
  ];

  constructor() {
    super();
    this.models = [];
    this.crispness = null;
    this.disabled = false;
    this.over = false;
  }

  override render() {
    const { selected, adding } = this;
    return html`<div
      class=${this.over ? 'over' : ''}
      @dragover=${this.onDragOver}
      @dragleave=${() => (this.over = false)}
      @drop=${this.onDrop}
    >
      <div class="head">
        <label class="label" for="model">Network</label>
        <button
          class="quiet end"
          ?disabled=${this.disabled}
          @click=${this.choose}
          title="Use an ONNX super-resolution network of your own"
        >
          Add your own…
        </button>
      </div>
      <input
        class="visually-hidden"
        type="file"
        accept=".onnx"
        tabindex="-1"
        aria-label="ONNX file to add"
        @change=${this.onFile}
      />
      <select
        id="model"
        ?disabled=${this.disabled || this.models.length === 0}
        aria-describedby="about"
        @change=${(event: Event) => this.send('choose', (event.target as HTMLSelectElement).value)}
      >
        ${this.models.length === 0 ? html`<option>No network found</option>` : nothing}
        ${this.models.map(
          (choice) =>
            html`<option value=${choice.entry.id} .selected=${choice.entry.id === selected?.entry.id}>
              ${choice.entry.name}
            </option>`,
        )}
      </select>
      ${this.crispness === null ? nothing : this.renderCrispness(this.crispness)}
      <div id="about">
        ${selected ? html`<p class="hint">${this.about(selected)}</p>` : nothing}
        ${selected?.reason ? html`<p class="hint">${selected.reason}</p>` : nothing}
        ${selected?.own ? html`<p class="hint facts numbers">${modelFacts(selected.entry)}</p>` : nothing}
      </div>
      ${
        selected?.own
          ? html`<button
              class="quiet start"
              ?disabled=${this.disabled}
              @click=${() => this.send('remove', selected.entry.id)}
            >
              Remove this network
            </button>`
          : nothing
      }
      <div aria-live="polite">
        ${
          adding && !adding.error && !adding.added
            ? html`<p class="hint">Finding out how ${adding.name} wants its picture…</p>`
            : nothing
        }
        ${
          adding?.error
            ? html`<p class="error">
                <b>${adding.name}:</b> ${adding.error.message} <span>${adding.error.advice}</span>
              </p>`
            : nothing
        }
      </div>
    </div>`;
  }

  private renderCrispness(crispness: number) {
    return html`<div class="crispness">
      <label class="line" for="crispness">
        <span>Faithful</span><span class="visually-hidden"> — </span><span>Crisp</span>
      </label>
      <input
        id="crispness"
        type="range"
        min="0"
        max="100"
        step="5"
        ?disabled=${this.disabled}
        .value=${String(Math.round(crispness * 100))}
        aria-valuetext=${crispnessText(crispness)}
        @input=${(event: Event) => this.send('crispness', (event.target as HTMLInputElement).valueAsNumber / 100)}
      />
    </div>`;
  }

  /** In between it is neither of the two: what is said of them holds no more. */
  private about(selected: ModelChoice): string {
    const { crispness } = this;
    if (crispness === null || crispness <= 0 || crispness >= 1) {
      return selected.entry.description ?? this.describe(selected);
    }
    const text = crispnessText(crispness);
    return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
  }

  private describe({ entry, own }: ModelChoice): string {
    if (own) return `Your own network, kept in this browser. Enlarges ${entry.scale} times.`;
    if (entry.temper === 'faithful') return 'Stays close to the picture: clean and calm, invents little.';
    if (entry.temper === 'crisp') return 'Draws finer texture and harder edges; a little more is invented.';
    return `Enlarges ${entry.scale} times.`;
  }

  private send(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  private choose(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();
  }

  private onFile(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = '';
    if (file) this.send('add', file);
  }

  private onDragOver(event: DragEvent): void {
    if (this.disabled || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  }

  private onDrop(event: DragEvent): void {
    this.over = false;
    const file = event.dataTransfer?.files[0];
    if (this.disabled || !file || !/\.onnx$/i.test(file.name)) return;
    event.preventDefault();
    this.send('add', file);
  }
}

customElements.define('lway-model-picker', ModelPicker);

import { css, html, LitElement, nothing } from 'lit';
import type { NetworkEntry } from '../../engine';
import { networkEndings, networksAmong } from '../../ui/network-files';
import { shared } from '../../ui/styles';
import type { Style } from '../network-styles';
import type { NetworkChoice } from '../services';
import type { PanelState } from '../state';

/** What was found out about a network, for those who know what that means. */
export function networkFacts(entry: NetworkEntry): string {
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
 * Chooses a style: one of LWay's, whose network follows the size, or a network that the person brings by button or drop.
 * What can be set about the style goes into the default slot. Fires `choose` with the id, `add` with its file, or the two of an ncnn pair, `remove`
 * with the id.
 */
export class StylePicker extends LitElement {
  static override properties = {
    styles: { attribute: false },
    selected: { attribute: false },
    network: { attribute: false },
    adding: { attribute: false },
    disabled: { type: Boolean },
    known: { type: Boolean },
    over: { state: true },
  };
  declare styles: readonly Style[];
  declare selected: Style | undefined;
  /** The network that will be used. */
  declare network: NetworkChoice | undefined;
  declare adding: PanelState['adding'];
  declare disabled: boolean;
  /** The list of networks has been read. */
  declare known: boolean;
  declare over: boolean;

  static override styles = [
    shared,
    css`
      :host {
        border-radius: 8px;
      }
      .over {
        outline: 2px dashed var(--lway-mark);
        outline-offset: 6px;
        border-radius: 6px;
      }
      .head {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
      }
      .head button {
        height: 24px;
        font-size: 12px;
      }
      .hint {
        margin-top: 6px;
      }
      .facts {
        margin-top: 4px;
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
    this.styles = [];
    this.disabled = false;
    this.known = false;
    this.over = false;
  }

  override render() {
    const { selected, network, styles } = this;
    return html`<div
      class=${this.over ? 'over' : ''}
      @dragover=${this.onDragOver}
      @dragleave=${() => (this.over = false)}
      @drop=${this.onDrop}
    >
      <div class="head">
        <label class="label" for="style">Style</label>
        <button
          class="quiet end"
          ?disabled=${this.disabled}
          @click=${this.choose}
          title="Use a super-resolution network of your own: ONNX, .pth, .safetensors, or .param with .bin"
        >
          Add your own…
        </button>
      </div>
      <input
        class="visually-hidden"
        type="file"
        accept=${networkEndings}
        multiple
        tabindex="-1"
        aria-label="Network file to add"
        @change=${this.onFile}
      />
      <select
        id="style"
        ?disabled=${this.disabled || styles.length === 0}
        aria-describedby="about"
        @change=${(event: Event) => this.send('choose', (event.target as HTMLSelectElement).value)}
      >
        ${styles.length === 0 ? html`<option>${this.known ? 'No network found' : 'Looking…'}</option>` : nothing}
        ${styles.map(({ id, name }) => html`<option value=${id} .selected=${id === selected?.id}>${name}</option>`)}
      </select>
      <slot></slot>
      <div id="about">${network ? html`<p class="hint">${network.reason ?? describe(network)}</p>` : nothing}</div>
      ${
        network
          ? html`<details>
              <summary>Details</summary>
              <p class="hint facts numbers">${network.entry.name} · ${networkFacts(network.entry)}</p>
            </details>`
          : nothing
      }
      ${
        selected?.own
          ? html`<button
              class="quiet start"
              ?disabled=${this.disabled}
              @click=${() => this.send('remove', selected.id)}
            >
              Remove this network
            </button>`
          : nothing
      }
      ${this.renderAdding()}
    </div>`;
  }

  private renderAdding() {
    const { adding } = this;
    return html`<div aria-live="polite">
      ${adding?.name ? html`<p class="hint">Checking ${adding.name}…</p>` : nothing}
      ${adding?.refused.map(
        ({ name, error }) => html`<p class="error"><b>${name}:</b> ${error.message} <span>${error.advice}</span></p>`,
      )}
    </div>`;
  }

  private send(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  private choose(): void {
    this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();
  }

  private onFile(event: Event): void {
    const input = event.target as HTMLInputElement;
    const networks = networksAmong([...(input.files ?? [])]);
    input.value = '';
    for (const files of networks) this.send('add', files);
  }

  private onDragOver(event: DragEvent): void {
    if (this.disabled || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  }

  private onDrop(event: DragEvent): void {
    this.over = false;
    const dropped = [...(event.dataTransfer?.files ?? [])];
    const networks = networksAmong(dropped);
    // What lies among pictures is for the page around to take.
    if (this.disabled || networks.length === 0 || networks.flat().length < dropped.length) return;
    event.preventDefault();
    for (const files of networks) this.send('add', files);
  }
}

function describe({ entry, own }: NetworkChoice): string {
  if (entry.description) return entry.description;
  if (own) return `Your own network, stored in this browser. Enlarges ×${entry.scale}.`;
  return `Enlarges ${entry.scale} times.`;
}

customElements.define('lway-style-picker', StylePicker);

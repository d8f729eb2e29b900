import { css, html, LitElement, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { maxScale, minScale, resultSize } from '../../actions/size';
import type { UpscaleSettings } from '../../actions/settings';
import { LWayError } from '../../engine';
import { shared } from '../../ui/styles';

type Size = UpscaleSettings['size'];
const presets = [2, 3, 4, 8];

/** Chooses how large the result becomes: a factor, or a size to fit into. Fires `change` with the size as detail. */
export class SizePicker extends LitElement {
  static override properties = {
    size: { attribute: false },
    input: { attribute: false },
    disabled: { type: Boolean },
    custom: { state: true },
  };
  declare size: Size;
  /** Pixels that will be enlarged, null where there are none. */
  declare input: { width: number; height: number } | null;
  declare disabled: boolean;
  /** The person asked for a factor of their own, even if it is one of the presets just now. */
  declare custom: boolean;

  static override styles = [
    shared,
    css`
      .fields {
        display: flex;
        align-items: center;
        gap: 8px;
        margin-top: 8px;
      }
      .fields input {
        min-width: 0;
        max-width: 110px;
      }
      .hint {
        margin-top: 6px;
      }
      .wrong {
        color: var(--lway-danger);
      }
    `,
  ];

  constructor() {
    super();
    this.size = { scale: 4 };
    this.input = null;
    this.disabled = false;
    this.custom = false;
  }

  private get mode(): string {
    if (!('scale' in this.size)) return 'fit';
    return this.custom || !presets.includes(this.size.scale) ? 'custom' : String(this.size.scale);
  }

  override render() {
    const { size, mode } = this;
    return html`<lway-segmented
        label="Size"
        .value=${mode}
        .disabled=${this.disabled}
        .segments=${[
          ...presets.map((scale) => ({ value: String(scale), text: `×${scale}`, name: `${scale} times` })),
          { value: 'custom', text: 'Other', name: 'Another factor' },
          { value: 'fit', text: 'Fit', name: 'Fit into a size' },
        ]}
        @change=${(event: CustomEvent<string>) => this.onMode(event.detail)}
      ></lway-segmented>
      ${
        mode === 'custom' && 'scale' in size
          ? html`<div class="fields">
              <label for="scale">Factor</label>
              <input
                id="scale"
                type="number"
                min=${minScale}
                max=${maxScale}
                step="0.1"
                ?disabled=${this.disabled}
                .value=${live(String(size.scale))}
                @change=${(event: Event) => this.onScale(event)}
              />
            </div>`
          : nothing
      }
      ${
        !('scale' in size)
          ? html`<div class="fields">
              <input
                type="number"
                min="1"
                aria-label="Width in pixels"
                ?disabled=${this.disabled}
                .value=${live(String(size.width))}
                @change=${(event: Event) => this.onSide('width', event)}
              />
              <span aria-hidden="true">×</span>
              <input
                type="number"
                min="1"
                aria-label="Height in pixels"
                ?disabled=${this.disabled}
                .value=${live(String(size.height))}
                @change=${(event: Event) => this.onSide('height', event)}
              />
              <span>px</span>
            </div>`
          : nothing
      }
      ${this.renderResult()}`;
  }

  private renderResult() {
    if (!this.input) return nothing;
    const { width, height } = this.input;
    try {
      const result = resultSize(this.size, width, height);
      const megapixels = (result.width * result.height) / 1e6;
      return html`<p class="hint numbers">
        ${width} × ${height} → ${result.width} × ${result.height}
        px${megapixels >= 1 ? ` (${megapixels < 10 ? megapixels.toFixed(1) : Math.round(megapixels)} MP)` : ''}
      </p>`;
    } catch (error) {
      if (!(error instanceof LWayError)) throw error;
      return html`<p class="hint wrong">${error.message} ${error.advice}</p>`;
    }
  }

  private onMode(mode: string): void {
    this.custom = mode === 'custom';
    const { width, height } = this.input ?? { width: 1000, height: 1000 };
    const scale = 'scale' in this.size ? this.size.scale : 4;
    if (mode === 'fit') this.send({ width: Math.round(width * scale), height: Math.round(height * scale) });
    else this.send({ scale: mode === 'custom' ? scale : Number(mode) });
  }

  private onScale(event: Event): void {
    const value = (event.target as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(value)) this.send({ scale: Math.min(maxScale, Math.max(minScale, value)) });
    this.requestUpdate();
  }

  private onSide(side: 'width' | 'height', event: Event): void {
    const value = Math.round((event.target as HTMLInputElement).valueAsNumber);
    if (value >= 1 && !('scale' in this.size)) this.send({ ...this.size, [side]: value });
    this.requestUpdate();
  }

  private send(size: Size): void {
    this.dispatchEvent(new CustomEvent('change', { detail: size }));
  }
}

customElements.define('lway-size-picker', SizePicker);

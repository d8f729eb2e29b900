import { css, html, LitElement } from 'lit';
import { shared } from './styles';

export interface Segment {
  value: string;
  text: string;
  /** What a screen reader says instead of a short text. */
  name?: string;
  disabled?: boolean;
}

let groups = 0;

/** A row of choices of which one holds: radio buttons, with their keys. Fires `change` with the value as detail. */
export class Segmented extends LitElement {
  static override properties = { label: {}, value: {}, segments: { attribute: false }, disabled: { type: Boolean } };
  declare label: string;
  declare value: string;
  declare segments: readonly Segment[];
  declare disabled: boolean;

  static override styles = [
    shared,
    css`
      fieldset {
        border: 0;
        margin: 0;
        padding: 0;
        min-width: 0;
      }
      .row {
        display: flex;
        padding: 2px;
        border-radius: 7px;
        background: var(--lway-track);
      }
      label {
        flex: 1 1 auto;
        min-width: 0;
        position: relative;
        text-align: center;
      }
      input {
        position: absolute;
        inset: 0;
        opacity: 0;
        margin: 0;
        width: 100%;
        height: 100%;
      }
      span {
        display: block;
        padding: 0 4px;
        line-height: 24px;
        border-radius: 5px;
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      input:checked + span {
        background: var(--lway-thumb);
        box-shadow: inset 0 0 0 1.5px var(--lway-mark);
        font-weight: 600;
      }
      input:focus-visible + span {
        outline: 2px solid var(--lway-focus);
        outline-offset: 1px;
      }
      input:disabled + span {
        opacity: 0.45;
      }
      @media (forced-colors: active) {
        .row {
          border: 1px solid CanvasText;
        }
        input:checked + span {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
        input:focus-visible + span {
          outline-color: Highlight;
        }
        input:disabled + span {
          opacity: 1;
          color: GrayText;
        }
      }
    `,
  ];

  private readonly group = `segments-${(groups += 1)}`;

  constructor() {
    super();
    this.label = '';
    this.value = '';
    this.segments = [];
    this.disabled = false;
  }

  override render() {
    return html`<fieldset ?disabled=${this.disabled}>
      <legend class="label">${this.label}</legend>
      <div class="row">
        ${this.segments.map(
          ({ value, text, name, disabled }) =>
            html`<label>
              <input
                type="radio"
                name=${this.group}
                .value=${value}
                .checked=${value === this.value}
                ?disabled=${disabled}
                aria-label=${name ?? text}
                @change=${() => this.dispatchEvent(new CustomEvent('change', { detail: value }))}
              /><span aria-hidden="true">${text}</span>
            </label>`,
        )}
      </div>
    </fieldset>`;
  }
}

customElements.define('lway-segmented', Segmented);

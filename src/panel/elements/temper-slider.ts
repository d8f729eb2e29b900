import { css, html, LitElement } from 'lit';
import { shared } from '../../ui/styles';
import { crispnessText } from '../words';

/** Goes between a network's faithful (0) and its crisp form (1). Fires `change` with where, 0..1. */
export class TemperSlider extends LitElement {
  static override properties = { crispness: { type: Number }, disabled: { type: Boolean } };
  declare crispness: number;
  declare disabled: boolean;

  static override styles = [
    shared,
    css`
      :host {
        margin-top: 8px;
      }
    `,
  ];

  override render() {
    return html`<label class="line" for="crispness">
        <span>Faithful</span><span class="visually-hidden"> — </span><span>Crisp</span>
      </label>
      <input
        id="crispness"
        type="range"
        min="0"
        max="100"
        step="5"
        ?disabled=${this.disabled}
        .value=${String(Math.round(this.crispness * 100))}
        aria-valuetext=${crispnessText(this.crispness)}
        @input=${(event: Event) => this.send((event.target as HTMLInputElement).valueAsNumber / 100)}
      />`;
  }

  private send(crispness: number): void {
    this.dispatchEvent(new CustomEvent('change', { detail: crispness }));
  }
}

customElements.define('lway-temper-slider', TemperSlider);

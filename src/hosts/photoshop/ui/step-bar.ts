import { html, LitElement, nothing } from 'lit';
import { bar } from './styles';

/**
 * Shown above the panel while a recorded step is played. Photoshop does not tell a handler whether a step is played or
 * recorded again, so its settings can be opened during both: while recorded again, the changed ones replace the step's.
 * Fires `edit`.
 */
export class StepBar extends LitElement {
  static override properties = { editing: { type: Boolean } };
  declare editing: boolean;
  static override styles = bar;

  constructor() {
    super();
    this.editing = false;
  }

  override render() {
    return html`<p role="status">
        ${
          this.editing
            ? 'Change the settings, then press “Upscale with LWay”. While Photoshop records the step again, they replace it.'
            : 'Photoshop is playing a recorded step.'
        }
      </p>
      ${
        this.editing
          ? nothing
          : html`<button @click=${() => this.dispatchEvent(new Event('edit'))}>Change settings…</button>`
      }`;
  }
}
customElements.define('lway-step-bar', StepBar);

import { css, html, LitElement, nothing } from 'lit';
import { type Knob, nothingTunable, type Tuning } from '../../engine';
import { shared } from '../../ui/styles';

/** A person's choice: a number 0..100, or undefined for what suits the picture. */
export type TuningChoice = Partial<Tuning>;

const sliders = [
  { name: 'detail', label: 'Detail', from: 'Faithful', to: 'Crisp' },
  { name: 'noise', label: 'Noise', from: 'Keep', to: 'Clean' },
  { name: 'blur', label: 'Blur', from: 'Keep', to: 'Sharpen' },
] as const;

/**
 * Detail, Noise and Blur, each automatic until it is moved. Fires `tune` with what has changed: a number, or undefined for
 * automatic.
 */
export class TuningPicker extends LitElement {
  static override properties = {
    can: { attribute: false },
    chosen: { attribute: false },
    shown: { attribute: false },
    disabled: { type: Boolean },
  };
  /** What the network can do. */
  declare can: Readonly<Record<Knob, boolean>>;
  declare chosen: TuningChoice;
  /** Where the knobs stand while they are automatic: what the last picture got, or the network as it is. */
  declare shown: Tuning;
  declare disabled: boolean;

  static override styles = [
    shared,
    css`
      .knob {
        margin-top: 8px;
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
      }
      .auto {
        display: flex;
        align-items: center;
        gap: 4px;
        font-size: 12px;
        /* Room for a finger around the box (WCAG 2.5.8). */
        min-height: 28px;
      }
      .auto input {
        margin: 0;
        width: 16px;
        height: 16px;
      }
    `,
  ];

  constructor() {
    super();
    this.can = nothingTunable;
    this.chosen = {};
    this.shown = { detail: 50, noise: 0, blur: 0 };
    this.disabled = false;
  }

  override render() {
    return html`${sliders.map((knob) => (this.can[knob.name] ? this.renderKnob(knob) : nothing))}`;
  }

  private renderKnob({ name, label, from, to }: (typeof sliders)[number]) {
    const automatic = this.chosen[name] === undefined;
    const value = Math.round(this.chosen[name] ?? this.shown[name]);
    return html`<div class="knob">
      <div class="head">
        <label class="label" for=${name}>${label}</label>
        <label class="auto">
          <input
            type="checkbox"
            aria-label=${`Automatic ${label.toLowerCase()}`}
            ?disabled=${this.disabled}
            .checked=${automatic}
            @change=${() => this.send({ [name]: automatic ? value : undefined })}
          />
          Automatic
        </label>
      </div>
      <input
        id=${name}
        type="range"
        min="0"
        max="100"
        step="5"
        ?disabled=${this.disabled}
        .value=${String(value)}
        aria-valuetext=${`${value} %${automatic ? ', automatic' : ''}`}
        @input=${(event: Event) => this.send({ [name]: (event.target as HTMLInputElement).valueAsNumber })}
      />
      <div class="line hint" aria-hidden="true"><span>${from}</span><span>${to}</span></div>
    </div>`;
  }

  private send(change: TuningChoice): void {
    this.dispatchEvent(new CustomEvent('tune', { detail: change }));
  }
}

customElements.define('lway-tuning', TuningPicker);

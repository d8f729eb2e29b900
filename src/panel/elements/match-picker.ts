import { css, html, LitElement, nothing } from 'lit';
import type { AdaptLevel } from '../../actions/settings';
import '../../ui/segmented';
import { shared } from '../../ui/styles';

const names: Record<AdaptLevel, string> = { off: 'Off', quick: 'Fast', standard: 'Normal', thorough: 'Best' };
const explained: Record<AdaptLevel, string> = {
  off: 'The network is used as it is.',
  quick: 'Learns from this picture first: seconds on a graphics card, minutes without.',
  standard: 'Learns from this picture first, until it stops improving.',
  thorough: 'Learns longer, from more of this picture.',
};

/**
 * How far the network is matched to the picture before it is used, and how much of that is kept. Fires `level` with the
 * level and `strength` with 0..1.
 */
export class MatchPicker extends LitElement {
  static override properties = {
    level: {},
    strength: { type: Number },
    unavailable: {},
    disabled: { type: Boolean },
  };
  declare level: AdaptLevel;
  declare strength: number;
  /** Why it cannot be matched; null where it can. */
  declare unavailable: string | null;
  declare disabled: boolean;

  static override styles = [
    shared,
    css`
      .hint {
        margin-top: 6px;
      }
      .strength {
        margin-top: 8px;
      }
    `,
  ];

  override render() {
    const { level, strength, unavailable, disabled } = this;
    const percent = Math.round(strength * 100);
    return html`<lway-segmented
        label="Match to this picture"
        .value=${level}
        .disabled=${disabled}
        .segments=${(Object.keys(names) as AdaptLevel[]).map((value) => ({
          value,
          text: names[value],
          disabled: unavailable !== null && value !== 'off',
        }))}
        @change=${(event: CustomEvent<AdaptLevel>) => this.send('level', event.detail)}
      ></lway-segmented>
      <p class="hint">${unavailable ?? explained[level]}</p>
      ${
        level === 'off'
          ? nothing
          : html`<div class="strength">
              <div class="line">
                <label for="strength">Strength</label>
                <span class="hint numbers">${percent} %</span>
              </div>
              <input
                id="strength"
                type="range"
                min="0"
                max="100"
                step="5"
                ?disabled=${disabled}
                .value=${String(percent)}
                @input=${(event: Event) => this.send('strength', (event.target as HTMLInputElement).valueAsNumber / 100)}
              />
              ${percent === 0 ? html`<p class="hint">At 0 %, matching changes nothing. Choose Off to save time.</p>` : nothing}
            </div>`
      }`;
  }

  private send(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define('lway-match-picker', MatchPicker);

import { css, html, LitElement } from 'lit';
import { titleOf, type Layer } from '../workspace';
import { bar } from './bar-styles';
import type { Comparison } from './comparison';

/**
 * What is compared, while it is. Fires `with` with the id of the other layer, `only` with `first` while the button is held
 * and null after, `zoom-to`, and `close`.
 */
export class CompareBar extends LitElement {
  static override properties = { comparison: { attribute: false }, others: { attribute: false } };
  declare comparison: Comparison;
  declare others: readonly Layer[];

  static override styles = [
    bar,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px 6px;
        padding: 3px 10px;
        border-bottom: 1px solid var(--lway-line);
        font-size: 12px;
      }
      button {
        height: 26px;
      }
      label {
        display: flex;
        align-items: center;
        gap: 6px;
        min-width: 0;
      }
      .second {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        max-width: 180px;
        color: var(--lway-text-2);
      }
      .hold {
        touch-action: none;
        user-select: none;
        border: 1px solid var(--lway-line);
      }
    `,
  ];

  override render() {
    const { first, second, only } = this.comparison;
    const all = [second, ...this.others];
    return html`<label>
        Compare
        <select
          aria-label="Layer to compare with"
          @change=${(event: Event) => this.send('with', (event.target as HTMLSelectElement).value)}
        >
          ${this.others.map(
            (layer) =>
              html`<option value=${layer.id} .selected=${layer.id === first.id}>${titleOf(layer, all)}</option>`,
          )}
        </select>
      </label>
      <span class="second">with ${titleOf(second, all)}</span>
      <button
        class="hold"
        aria-pressed=${only === 'first'}
        title="Hold to see it alone (B)"
        @pointerdown=${this.onHold}
        @pointerup=${() => this.send('only', null)}
        @pointercancel=${() => this.send('only', null)}
        @keydown=${this.onKey}
        @keyup=${() => this.send('only', null)}
        @blur=${() => this.send('only', null)}
      >
        Hold to see before
      </button>
      <span class="gap"></span>
      <span class="group">
        <button title="One pixel for each (1)" @click=${() => this.send('zoom-to', 1)}>100 %</button>
        <button title="Twice as large (2)" @click=${() => this.send('zoom-to', 2)}>200 %</button>
      </span>
      <button aria-label="End the comparison" title="End the comparison (C)" @click=${() => this.send('close')}>
        ✕
      </button>`;
  }

  private onHold(event: PointerEvent): void {
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.send('only', 'first');
  }

  private onKey(event: KeyboardEvent): void {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    this.send('only', 'first');
  }

  private send(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define('lway-compare-bar', CompareBar);

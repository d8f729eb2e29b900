import { css, html, LitElement, nothing } from 'lit';
import type { Rect } from '../../engine';
import '../../ui/segmented';
import { dialogs, shared } from '../../ui/styles';
import type { PanelController } from '../controller';
import type { Done, PanelState } from '../state';
import { adaptationText, reportText, tuningText } from '../messages';
import type { Compare } from './compare';
import './compare';
import './notice-list';

/** How the last upscale ended: what came of it, compared; or what went wrong, and what can be done. */
export class OutcomeCard extends LitElement {
  static override properties = {
    controller: { attribute: false },
    state: { attribute: false },
    saveFile: { attribute: false },
    large: { state: true },
  };
  declare controller: PanelController;
  declare state: PanelState;
  /** Gives the person a file, where the page can. */
  declare saveFile: ((name: string, bytes: Uint8Array) => void) | undefined;
  /** The comparison fills the window. */
  declare large: boolean;

  static override styles = [
    shared,
    dialogs,
    css`
      .card {
        padding: 12px;
        border: 1px solid var(--lway-line);
        border-radius: 8px;
        background: var(--lway-raised);
        overflow-wrap: anywhere;
      }
      .top {
        display: flex;
        align-items: start;
        justify-content: space-between;
        gap: 8px;
        margin-bottom: 2px;
      }
      .top button {
        flex: none;
        height: 24px;
        min-width: 24px;
        margin-top: -3px;
      }
      b {
        font-weight: 600;
      }
      .done b {
        color: var(--lway-good);
      }
      .card > p + p {
        margin-top: 2px;
      }
      .failed {
        border-color: color-mix(in srgb, var(--lway-danger) 45%, transparent);
        background: var(--lway-danger-bg);
      }
      .failed b {
        color: var(--lway-danger);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 10px;
      }
      .strength {
        display: grid;
        gap: 8px;
        margin-top: 12px;
      }
      lway-compare {
        margin-top: 12px;
      }
      dialog {
        width: calc(100vw - 48px);
        height: calc(100vh - 48px);
        max-width: none;
        max-height: none;
        padding: 16px;
      }
      dialog lway-compare {
        margin: 0;
        height: 100%;
        grid-template-rows: 1fr auto;
      }
    `,
  ];

  constructor() {
    super();
    this.large = false;
  }

  override render() {
    const { work } = this.state;
    if (work.kind === 'done') return this.renderDone(work);
    if (work.kind === 'cancelled') {
      return html`<div class="card">
        ${this.top('Cancelled')}
        <p>The document was not changed.</p>
      </div>`;
    }
    if (work.kind !== 'failed') return nothing;
    const { error, rescue } = work;
    return html`<div class="card failed" role="alert">
      ${this.top(error.message)}
      <p>${error.advice}</p>
      ${
        rescue
          ? html`<div class="buttons">
              <button class="primary" @click=${() => void this.controller.rescue()}>Open the result</button>
              <button @click=${() => this.controller.dismiss()}>Discard it</button>
            </div>`
          : nothing
      }
      ${this.renderNotices()}
    </div>`;
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.large && !dialog?.open) dialog?.showModal();
    if (!this.large && dialog?.open) dialog.close();
  }

  private top(title: string) {
    const { work } = this.state;
    // A result that is nowhere else is not put away by the way.
    const keep = work.kind === 'failed' && work.rescue;
    return html`<div class="top">
      <b>${title}</b>
      ${
        keep
          ? nothing
          : html`<button class="quiet end" aria-label="Dismiss" @click=${() => this.controller.dismiss()}>✕</button>`
      }
    </div>`;
  }

  private renderNotices() {
    const { notices } = this.state;
    return notices.length > 0 ? html`<lway-notice-list .notices=${notices}></lway-notice-list>` : nothing;
  }

  private renderDone(done: Done) {
    const { finished, unadapted } = done;
    const { device } = this.state;
    const { report, learned, relearned } = finished;
    const matched = relearned ? 'Used what was learned from this picture earlier.' : adaptationText(report);
    return html`<div class="card done">
      ${this.top('Done')}
      <p class="numbers">${reportText(report)}</p>
      ${report.tuning ? html`<p>${tuningText(report)}</p>` : nothing} ${matched ? html`<p>${matched}</p>` : nothing}
      ${device ? html`<p class="hint">Computed on ${device.name}</p>` : nothing} ${this.renderNotices()}
      ${this.compare(done, unadapted, false)} ${learned ? this.renderLearned(done) : nothing}
      <dialog aria-label="Before and after" @close=${() => (this.large = false)}>
        ${this.large ? this.compare(done, unadapted, true) : nothing}
      </dialog>
    </div>`;
  }

  private compare({ finished, preview }: Done, unadapted: Done['unadapted'], large: boolean) {
    // The piece before matching is made for what is in view.
    const follow = () => unadapted && void this.controller.compareUnadapted(this.seen());
    return html`<lway-compare
      ?fill=${large}
      .original=${finished.before}
      .result=${finished.after}
      .preview=${preview}
      .unadapted=${unadapted}
      @moved=${follow}
    >
      <button @click=${() => (this.large = !large)}>${large ? 'Close' : 'Larger…'}</button>
    </lway-compare>`;
  }

  /** What can be done with what was learned: another strength, seen at once; a file of it. */
  private renderLearned(done: Done) {
    const { finished, preview, previewing, unadapted } = done;
    const percent = Math.round((preview?.strength ?? finished.settings.strength) * 100);
    const tried = preview !== null && preview.strength !== finished.settings.strength;
    return html`<div class="strength">
      <lway-segmented
        label="Compare with"
        .value=${unadapted ? 'unadapted' : 'before'}
        .segments=${[
          { value: 'before', text: 'Before' },
          { value: 'unadapted', text: 'Before matching' },
        ]}
        @change=${(event: CustomEvent<string>) =>
          void this.controller.compareUnadapted(event.detail === 'unadapted' ? this.seen() : null)}
      ></lway-segmented>
      <div class="line">
        <label for="tried">Try another strength</label>
        <span class="hint numbers">${percent} %</span>
      </div>
      <input
        id="tried"
        type="range"
        min="0"
        max="100"
        step="5"
        .value=${String(percent)}
        @change=${(event: Event) => this.tryStrength((event.target as HTMLInputElement).valueAsNumber / 100)}
      />
      <p class="hint" aria-live="polite">${this.hint(done, tried)}</p>
      ${
        tried && this.controller.canApply(done)
          ? html`<button ?disabled=${previewing} @click=${() => void this.controller.applyTried()}>
              Apply this strength
            </button>`
          : nothing
      }
      ${
        this.saveFile
          ? html`<button
              class="quiet start"
              title="An ONNX network that you can add here later. It holds traces of your picture."
              @click=${() => this.saveFile!('lway-adapted.onnx', finished.learned!.weights)}
            >
              Save what was learned…
            </button>`
          : nothing
      }
    </div>`;
  }

  private hint(done: Done, tried: boolean): string {
    if (done.previewing) return 'Redrawing the middle of the view…';
    if (tried) {
      return this.controller.canApply(done)
        ? 'The middle of the view shows it.'
        : 'The middle of the view shows it. To use it, undo the new layer, set Strength above, and upscale again; nothing has to be learned again.';
    }
    if (done.unadapted) return 'The middle of the view, left of the divider, shows the result before matching.';
    return '0 % is the original network.';
  }

  private tryStrength(strength: number): void {
    const seen = this.seen();
    if (seen) void this.controller.previewStrength(strength, seen);
  }

  /** The part of the result that the comparison in front shows. */
  private seen(): Rect | null {
    const compares = [...this.renderRoot.querySelectorAll<Compare>('lway-compare')];
    return (compares.find(({ fill }) => fill === this.large) ?? compares[0])?.visibleRect() ?? null;
  }
}

customElements.define('lway-outcome-card', OutcomeCard);

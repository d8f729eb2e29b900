import { css, html, LitElement, nothing } from 'lit';
import type { AdaptLevel } from '../../actions/settings';
import type { Destination } from '../../hosts/host';
import { PanelController } from '../controller';
import type { PanelServices } from '../services';
import { adaptationText, deviceName, reportText } from '../words';
import type { Learned } from '../learned';
import type { Compare } from './compare';
import './compare';
import './job-progress';
import './model-picker';
import './segmented';
import './size-picker';
import { shared } from './styles';

/** The panel: what to do on top, what happens below, one button between them. */
export class Panel extends LitElement {
  static override properties = { services: { attribute: false }, large: { state: true } };
  declare services: PanelServices;
  /** The comparison fills the window. */
  declare large: boolean;

  static override styles = [
    shared,
    css`
      :host {
        min-width: 0;
        background: var(--lway-surface);
        container-type: inline-size;
      }
      .form {
        display: grid;
        gap: 18px;
        padding: 16px;
        border: 0;
        margin: 0;
        min-width: 0;
      }
      @container (max-width: 279px) {
        .form,
        .action {
          padding-inline: 12px;
        }
      }
      .action {
        padding: 4px 16px 16px;
      }
      .action > .primary {
        width: 100%;
        height: 34px;
        border-radius: 7px;
      }
      .under {
        margin-top: 6px;
      }
      .strength {
        margin-top: 12px;
      }
      .strength .line {
        display: flex;
        justify-content: space-between;
      }
      .card {
        padding: 12px;
        border: 1px solid var(--lway-line);
        border-radius: 8px;
        background: var(--lway-raised);
      }
      .action [aria-live] .card,
      .action > .notices {
        margin-top: 12px;
      }
      .card .top {
        display: flex;
        align-items: start;
        gap: 8px;
      }
      .card .top > div {
        flex: 1;
        min-width: 0;
      }
      .card .top button {
        margin: -4px -6px 0 0;
        height: 24px;
      }
      .card b {
        font-weight: 600;
      }
      .card.failed {
        border-color: color-mix(in srgb, var(--lway-danger) 45%, transparent);
        background: var(--lway-danger-bg);
      }
      .card.failed b {
        color: var(--lway-danger);
      }
      .notices {
        margin: 8px 0 0;
        padding: 8px 10px;
        list-style: none;
        border-radius: 6px;
        font-size: 12px;
        background: var(--lway-warn-bg);
        color: var(--lway-warn);
      }
      .notices li + li {
        margin-top: 4px;
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
        border: 1px solid var(--lway-line);
        border-radius: 12px;
        background: var(--lway-surface);
        color: inherit;
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 55%);
      }
      dialog lway-compare {
        margin: 0;
        height: 100%;
        grid-template-rows: 1fr auto;
      }
    `,
  ];

  /** Null until the panel is in a page. */
  controller: PanelController | null = null;

  constructor() {
    super();
    this.large = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.controller ??= new PanelController(this, this.services);
  }

  override render() {
    const { controller } = this;
    if (!controller) return nothing;
    const { state } = controller;
    const busy = state.job !== null;
    return html`<div class="form">
        <lway-model-picker
          .models=${state.models}
          .selected=${controller.model}
          .adding=${state.adding}
          .disabled=${busy}
          @choose=${(event: CustomEvent<string>) => controller.change({ model: event.detail })}
          @add=${(event: CustomEvent<File>) => void controller.addModel(event.detail)}
          @remove=${(event: CustomEvent<string>) => void controller.removeModel(event.detail)}
        ></lway-model-picker>
        ${this.renderTarget(controller, busy)}
        <lway-size-picker
          .size=${state.settings.size}
          .input=${this.inputSize(controller)}
          .disabled=${busy}
          @change=${(event: CustomEvent) => controller.change({ size: event.detail })}
        ></lway-size-picker>
        ${this.renderDestination(controller, busy)} ${this.renderAdaptation(controller, busy)}
      </div>
      <div class="action">
        ${
          state.job
            ? html`<lway-job-progress
                class="card"
                .job=${state.job}
                .device=${state.device}
                @cancel=${() => controller.cancel()}
                @enough=${() => controller.stopEarly()}
              ></lway-job-progress>`
            : html`<button
                  class="primary"
                  ?disabled=${!state.document?.activeLayer || state.models.length === 0}
                  aria-describedby="why"
                  @click=${() => void controller.start()}
                >
                  Upscale with LWay
                </button>
                <p class="hint under" id="why">${this.why(controller)}</p>`
        }
        ${busy && state.notices.length > 0 ? this.renderNotices(state.notices) : nothing}
        <div aria-live="polite">${state.outcome ? this.renderOutcome(controller) : nothing}</div>
      </div>`;
  }

  /** What can be done with what was learned: another strength, seen at once; a file of it. */
  private renderLearned(controller: PanelController, learned: Learned) {
    const { preview, previewing, settings } = controller.state;
    const percent = Math.round((preview?.strength ?? settings.strength) * 100);
    return html`<div class="strength">
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
        @change=${(event: Event) => this.tryStrength(controller, (event.target as HTMLInputElement).valueAsNumber / 100)}
      />
      <p class="hint" aria-live="polite">
        ${
          previewing
            ? 'Drawing the middle of the view again…'
            : preview
              ? 'The middle of the view shows it. To use it, undo the new layer and upscale again: nothing is learned anew.'
              : '0 % is the network as it was.'
        }
      </p>
      ${
        this.services.saveFile
          ? html`<button
              class="quiet"
              title="An ONNX network that can be added here again. It holds traces of your picture."
              @click=${() => this.services.saveFile!('lway-adapted.onnx', learned.weights)}
            >
              Save what was learned…
            </button>`
          : nothing
      }
    </div>`;
  }

  private tryStrength(controller: PanelController, strength: number): void {
    controller.change({ strength });
    const compares = [...this.renderRoot.querySelectorAll<Compare>('lway-compare')];
    const seen = compares.find(({ fill }) => fill === this.large) ?? compares[0];
    if (seen) void controller.previewStrength(strength, seen.visibleRect());
  }

  /** What the panel's end showed last; `curve` makes it longer. */
  private shown: 'form' | 'job' | 'curve' | 'outcome' = 'form';

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.large && !dialog?.open) dialog?.showModal();
    if (!this.large && dialog?.open) dialog.close();
    const { job, outcome } = this.controller?.state ?? {};
    const shown = job ? (job.curve.length > 1 ? 'curve' : 'job') : outcome ? 'outcome' : 'form';
    if (shown === this.shown) return;
    this.shown = shown;
    // What happens now may lie below what is visible of a narrow panel.
    const action = this.renderRoot.querySelector('.action');
    if (shown !== 'form') requestAnimationFrame(() => action?.scrollIntoView({ block: 'start' }));
  }

  /** Why the button is not to be pressed now, if so. */
  private why({ state }: PanelController): string {
    if (state.document === undefined) return '';
    if (state.document === null) return 'Open a picture to begin.';
    if (!state.document.activeLayer) return 'Choose a layer to begin.';
    if (state.models.length === 0) return 'No network was found.';
    return '';
  }

  private inputSize(controller: PanelController): { width: number; height: number } | null {
    const { document } = controller.state;
    if (!document?.activeLayer) return null;
    const { bounds } = document.activeLayer;
    if (controller.effective.target === 'layer' || !document.selection) return bounds;
    const { selection } = document;
    const width = Math.min(bounds.x + bounds.width, selection.x + selection.width) - Math.max(bounds.x, selection.x);
    const height = Math.min(bounds.y + bounds.height, selection.y + selection.height) - Math.max(bounds.y, selection.y);
    return width > 0 && height > 0 ? { width, height } : null;
  }

  private renderTarget(controller: PanelController, busy: boolean) {
    const selected = Boolean(controller.state.document?.selection);
    return html`<div>
      <lway-segmented
        label="Area"
        .value=${controller.effective.target}
        .disabled=${busy}
        .segments=${[
          { value: 'layer', text: 'Whole layer' },
          { value: 'region', text: 'Selection', disabled: !selected },
        ]}
        @change=${(event: CustomEvent<'layer' | 'region'>) => controller.change({ target: event.detail })}
      ></lway-segmented>
      ${selected ? nothing : html`<p class="hint under">Select a rectangle in the picture to upscale only that.</p>`}
    </div>`;
  }

  private renderDestination(controller: PanelController, busy: boolean) {
    const { destinations } = this.services.host.capabilities;
    if (destinations.length < 2) return nothing;
    const { destination } = controller.effective;
    return html`<div>
      <lway-segmented
        label="Result"
        .value=${destination}
        .disabled=${busy}
        .segments=${[
          { value: 'layer', text: 'New layer' },
          { value: 'document', text: 'New document' },
        ]}
        @change=${(event: CustomEvent<Destination>) => controller.change({ destination: event.detail })}
      ></lway-segmented>
      <p class="hint under">
        ${
          destination === 'layer'
            ? 'Above the original. The document is enlarged to fit.'
            : 'The document you are in stays as it is.'
        }
      </p>
    </div>`;
  }

  private renderAdaptation(controller: PanelController, busy: boolean) {
    const { noAdaptation, settings } = controller.state;
    const level = controller.effective.adapt;
    const explain: Record<AdaptLevel, string> = {
      off: 'The network is used as it is.',
      quick: 'Learns from this picture for a few seconds first.',
      standard: 'Learns from this picture first, until it gains nothing more.',
      thorough: 'Looks at more of this picture, and longer, first.',
    };
    return html`<div>
      <lway-segmented
        label="Adapt to this picture"
        .value=${level}
        .disabled=${busy}
        .segments=${(['off', 'quick', 'standard', 'thorough'] as const).map((value) => ({
          value,
          text: value[0]!.toUpperCase() + value.slice(1),
          disabled: noAdaptation !== null && value !== 'off',
        }))}
        @change=${(event: CustomEvent<AdaptLevel>) => controller.change({ adapt: event.detail })}
      ></lway-segmented>
      <p class="hint under">${noAdaptation ?? explain[level]}</p>
      ${
        level === 'off'
          ? nothing
          : html`<div class="strength">
              <div class="line">
                <label for="strength">Strength</label>
                <span class="hint numbers">${Math.round(settings.strength * 100)} %</span>
              </div>
              <input
                id="strength"
                type="range"
                min="0"
                max="100"
                step="5"
                ?disabled=${busy}
                .value=${String(Math.round(settings.strength * 100))}
                @input=${(event: Event) => controller.change({ strength: (event.target as HTMLInputElement).valueAsNumber / 100 })}
              />
            </div>`
      }
    </div>`;
  }

  private renderNotices(notices: readonly string[]) {
    return html`<ul class="notices" aria-label="Notices">
      ${notices.map((notice) => html`<li>${notice}</li>`)}
    </ul>`;
  }

  private renderOutcome(controller: PanelController) {
    const { outcome, device, notices, preview } = controller.state;
    const dismiss = html`<button class="quiet" aria-label="Dismiss" @click=${() => controller.dismiss()}>✕</button>`;
    if (outcome?.kind === 'cancelled') {
      return html`<div class="card">
        <div class="top">
          <div><b>Cancelled.</b> The document is as it was.</div>
          ${dismiss}
        </div>
      </div>`;
    }
    if (outcome?.kind === 'failed') {
      return html`<div class="card failed" role="alert">
        <div class="top">
          <div><b>${outcome.error.message}</b> ${outcome.error.advice}</div>
          ${dismiss}
        </div>
        ${notices.length > 0 ? this.renderNotices(notices) : nothing}
      </div>`;
    }
    if (outcome?.kind !== 'done') return nothing;
    const { report, before, after, learned, relearned } = outcome.finished;
    const adapted = relearned ? 'Used what had been learned from this picture.' : adaptationText(report);
    return html`<div class="card">
      <div class="top">
        <div>
          <b>Done.</b> <span class="numbers">${reportText(report)}</span>
          ${adapted ? html`<p>${adapted}</p>` : nothing}
          ${device ? html`<p class="hint">${deviceName(device)}</p>` : nothing}
        </div>
        ${dismiss}
      </div>
      ${notices.length > 0 ? this.renderNotices(notices) : nothing}
      <lway-compare .original=${before} .result=${after} .preview=${preview}>
        <button @click=${() => (this.large = true)}>Larger…</button>
      </lway-compare>
      ${learned ? this.renderLearned(controller, learned) : nothing}
      <dialog aria-label="Before and after" @close=${() => (this.large = false)}>
        ${
          this.large
            ? html`<lway-compare fill .original=${before} .result=${after} .preview=${preview}>
                <button @click=${() => (this.large = false)}>Close</button>
              </lway-compare>`
            : nothing
        }
      </dialog>
    </div>`;
  }
}

customElements.define('lway-panel', Panel);

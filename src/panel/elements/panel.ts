import { css, html, LitElement, nothing } from 'lit';
import type { AdaptLevel } from '../../actions/settings';
import type { Rect } from '../../engine';
import type { Destination } from '../../hosts/host';
import '../../ui/segmented';
import { shared } from '../../ui/styles';
import { PanelController } from '../controller';
import type { PanelServices } from '../services';
import { scaleName } from '../run-upscale';
import type { PanelState } from '../state';
import { estimateText } from '../messages';
import './job-progress';
import './match-picker';
import './notice-list';
import './outcome-card';
import './size-picker';
import './style-picker';
import { shownSide } from '../try-out';
import './try-out-card';
import './tuning';
import type { TuningChoice } from './tuning';

/**
 * The panel: what to do on top, what happens below, one button between them. Fires `try-out` with where in the document a
 * piece is tried, null when none is any more.
 */
export class Panel extends LitElement {
  static override properties = { services: { attribute: false } };
  declare services: PanelServices;

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
      .form[hidden] {
        display: none;
      }
      /* Within reach however long the form is and however low the panel. */
      .action {
        position: sticky;
        bottom: 0;
        z-index: 1;
        padding: 8px 16px 12px;
        background: var(--lway-surface);
      }
      .action::before {
        content: '';
        position: absolute;
        inset: -12px 0 100%;
        background: linear-gradient(transparent, var(--lway-surface));
        pointer-events: none;
      }
      .action {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 0 8px;
      }
      .action .hint {
        grid-column: 1 / -1;
      }
      .action button {
        height: 36px;
        border-radius: 8px;
      }
      .action .primary {
        height: 36px;
        border-radius: 8px;
        font-size: 14px;
      }
      .action .primary:disabled {
        opacity: 1;
        background: var(--lway-track);
        color: var(--lway-text-2);
      }
      @media (forced-colors: active) {
        .action .primary:disabled {
          color: GrayText;
          border: 1px solid GrayText;
        }
      }
      .under:empty {
        display: none;
      }
      .job {
        padding: 16px;
      }
      lway-job-progress {
        padding: 12px;
        border: 1px solid var(--lway-line);
        border-radius: 8px;
        background: var(--lway-raised);
        overflow-wrap: anywhere;
      }
      .outcome {
        padding: 0 16px 16px;
      }
      @container (max-width: 279px) {
        .action {
          grid-template-columns: 1fr;
          row-gap: 6px;
        }
      }
      @container (max-width: 279px) {
        .form,
        .action,
        .job,
        .outcome {
          padding-inline: 12px;
        }
      }
      .under {
        margin-top: 6px;
      }
    `,
  ];

  /** Null until the panel is in a page. */
  controller: PanelController | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.controller ??= new PanelController(this, this.services);
  }

  override render() {
    const { controller } = this;
    if (!controller) return nothing;
    const { state } = controller;
    const { work } = state;
    const busy = work.kind === 'running';
    return html`<div class="form" ?hidden=${busy}>
        <lway-size-picker
          .size=${state.settings.size}
          .input=${controller.input}
          .disabled=${busy}
          @change=${(event: CustomEvent) => controller.change({ size: event.detail })}
        ></lway-size-picker>
        ${this.renderTarget(controller, busy)} ${this.renderStyle(controller, busy)}
        <lway-match-picker
          .level=${controller.effective.adapt}
          .strength=${state.settings.strength}
          .unavailable=${state.noAdaptation}
          .disabled=${busy}
          @level=${(event: CustomEvent<AdaptLevel>) => controller.change({ adapt: event.detail })}
          @strength=${(event: CustomEvent<number>) => controller.change({ strength: event.detail })}
        ></lway-match-picker>
        ${this.renderDestination(controller, busy)}
      </div>
      ${
        busy
          ? html`<div class="job">
              <lway-job-progress
                tabindex="-1"
                .what=${this.summary(controller)}
                .job=${work.job}
                .device=${state.device}
                @cancel=${() => controller.cancel()}
                @enough=${() => controller.stopEarly()}
              ></lway-job-progress>
              ${
                state.notices.length > 0
                  ? html`<lway-notice-list .notices=${state.notices}></lway-notice-list>`
                  : nothing
              }
            </div>`
          : html`${this.renderAction(controller)}${this.renderTryOut(controller)}`
      }
      <div class="outcome last" aria-live="polite">${this.renderOutcome(controller, state)}</div>`;
  }

  private renderAction(controller: PanelController) {
    const { obstacle } = controller;
    const region = controller.effective.target === 'region';
    return html`<div class="action">
      <button
        class="primary"
        ?disabled=${obstacle !== ''}
        aria-describedby="why"
        @click=${() => void controller.start()}
      >
        ${region ? 'Upscale selection' : 'Upscale with LWay'}
      </button>
      <button
        class="preview"
        ?disabled=${obstacle !== ''}
        title="See a small part of the result first (P)"
        @click=${() => this.tryAt(this.services.pointed?.() ?? null)}
      >
        Preview
      </button>
      <p class="hint under numbers" id="why">
        ${obstacle || estimateText(controller.estimate, controller.upscalingEstimate)}
      </p>
    </div>`;
  }

  /** Shows the piece around a pixel of the document by several choices, as large as there is room for. */
  tryAt(at: { x: number; y: number } | null): void {
    void this.controller?.openTryOut(at, shownSide(this.clientWidth));
  }

  private renderTryOut(controller: PanelController) {
    const { tryOut } = controller.state;
    if (!tryOut) return nothing;
    return html`<div class="outcome">
      <lway-try-out-card
        .controller=${controller}
        .tryOut=${tryOut}
        .scale=${controller.factor}
        .revision=${controller.state.settings}
        @close=${() => controller.closeTryOut()}
      ></lway-try-out-card>
    </div>`;
  }

  /** The card of a result is shown with its document. */
  private renderOutcome(controller: PanelController, state: PanelState) {
    const { work, document } = state;
    if (work.kind === 'idle' || work.kind === 'running') return nothing;
    if (work.kind === 'done' && work.documentId !== null && work.documentId !== document?.id) return nothing;
    return html`<lway-outcome-card
      .controller=${controller}
      .state=${state}
      .saveFile=${this.services.saveFile}
    ></lway-outcome-card>`;
  }

  /** What is being done, in short: the settings themselves are out of sight meanwhile. */
  private summary(controller: PanelController): string {
    const { target, size } = controller.effective;
    const name = controller.style?.name ?? '';
    const area = target === 'layer' ? 'whole layer' : 'selection';
    if ('scale' in size) return [name, area, scaleName(size.scale)].join(' · ');
    return [name, area, `to fit ${size.width} × ${size.height}`].join(' · ');
  }

  /** What the panel showed last. */
  private shown: 'form' | 'job' | 'outcome' = 'form';
  /** What has the focus while something else takes its place. */
  private focused: Element | null = null;

  protected override willUpdate(): void {
    this.focused = this.shadowRoot?.activeElement ?? null;
  }

  /** Where the piece that is tried lies, as told last. */
  private tried: Rect | null = null;

  protected override updated(): void {
    const place = this.controller?.state.tryOut?.place ?? null;
    const before = this.tried;
    if (place !== before) {
      this.tried = place;
      this.dispatchEvent(new CustomEvent('try-out', { detail: place }));
      // Its tiles have no height before the next frame. The button above it stays in view.
      const action = this.renderRoot.querySelector('.action');
      if (place && before === null) requestAnimationFrame(() => action?.scrollIntoView({ block: 'start' }));
    }
    const kind = this.controller?.state.work.kind ?? 'idle';
    const shown = kind === 'running' ? 'job' : kind === 'idle' ? 'form' : 'outcome';
    if (shown === this.shown) return;
    this.shown = shown;
    const [began, ended] = [
      this.focused?.matches('.primary, lway-outcome-card'),
      this.focused?.matches('lway-job-progress'),
    ];
    // The keyboard goes on where the button was; not on Cancel itself, which a held Enter would press.
    if (began || ended) {
      const next = shown === 'job' ? 'lway-job-progress' : '.primary';
      this.renderRoot.querySelector<HTMLElement>(next)?.focus();
    }
    const card = this.renderRoot.querySelector(shown === 'job' ? '.job' : '.action');
    if (shown !== 'form') requestAnimationFrame(() => card?.scrollIntoView({ block: 'start' }));
  }

  private renderTarget(controller: PanelController, busy: boolean) {
    const { document } = controller.state;
    const selected = Boolean(document?.selection);
    const origin = document?.activeLayer?.madeFrom;
    const { host } = this.services;
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
      ${selected ? nothing : html`<p class="hint under">To upscale only part of the picture, select a rectangle.</p>`}
      ${
        origin && host.activateLayer
          ? html`<p class="hint under">
              This layer is a result.
              <button class="link" @click=${() => host.activateLayer!(origin.id)}>
                Select “${origin.name}” instead
              </button>
            </p>`
          : nothing
      }
    </div>`;
  }

  private renderStyle(controller: PanelController, busy: boolean) {
    const { state, can } = controller;
    return html`<lway-style-picker
      .styles=${controller.styles}
      .selected=${controller.style}
      .network=${controller.network}
      .adding=${state.adding}
      .known=${state.networks !== undefined}
      .disabled=${busy}
      @choose=${(event: CustomEvent<string>) => controller.chooseNetwork(event.detail)}
      @add=${(event: CustomEvent<readonly File[]>) => void controller.addNetwork(event.detail)}
      @remove=${(event: CustomEvent<string>) => void controller.removeNetwork(event.detail)}
    >
      ${
        Object.values(can).some(Boolean)
          ? html`<lway-tuning
              .can=${can}
              .chosen=${state.settings}
              .shown=${controller.tuningShown}
              .disabled=${busy}
              @tune=${(event: CustomEvent<TuningChoice>) => controller.change(event.detail)}
            ></lway-tuning>`
          : nothing
      }
    </lway-style-picker>`;
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
            ? 'Placed above the original. The document is enlarged to fit.'
            : 'The open document stays as it is.'
        }
      </p>
    </div>`;
  }
}

customElements.define('lway-panel', Panel);

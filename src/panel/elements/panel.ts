import { css, html, LitElement, nothing } from 'lit';
import type { AdaptLevel } from '../../actions/settings';
import type { Destination } from '../../hosts/host';
import { PanelController } from '../controller';
import type { PanelServices } from '../services';
import { scaleName } from '../run-upscale';
import { adaptationText, crispnessText, reportText } from '../words';
import type { Learned } from '../learned';
import type { Rect } from '../../engine/raster/raster';
import type { Compare } from './compare';
import './compare';
import './job-progress';
import './model-picker';
import '../../ui/segmented';
import './size-picker';
import { shared } from '../../ui/styles';

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
      .action .primary {
        width: 100%;
        height: 36px;
        border-radius: 8px;
        font-size: 14px;
      }
      .action .primary:disabled {
        opacity: 1;
        background: var(--lway-track);
        color: var(--lway-text-2);
      }
      .under:empty {
        display: none;
      }
      .job {
        padding: 16px;
      }
      .outcome {
        padding: 0 16px 16px;
        /* The button above stays in view. */
        scroll-margin-top: 56px;
      }
      .outcome:empty {
        display: none;
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
      .strength {
        display: grid;
        gap: 8px;
        margin-top: 12px;
      }
      .card {
        padding: 12px;
        border: 1px solid var(--lway-line);
        border-radius: 8px;
        background: var(--lway-raised);
      }
      .card {
        overflow-wrap: anywhere;
      }
      .card .top {
        display: flex;
        align-items: start;
        justify-content: space-between;
        gap: 8px;
        margin-bottom: 2px;
      }
      .card .top button {
        flex: none;
        height: 24px;
        min-width: 24px;
        margin-top: -3px;
      }
      .card b {
        font-weight: 600;
      }
      .card.done b {
        color: var(--lway-good);
      }
      .card > p + p {
        margin-top: 2px;
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
    return html`<div class="form" ?hidden=${busy}>
        <lway-model-picker
          .models=${state.models}
          .selected=${controller.model}
          .crispness=${controller.crispness}
          .adding=${state.adding}
          .disabled=${busy}
          @choose=${(event: CustomEvent<string>) => controller.chooseModel(event.detail)}
          @crispness=${(event: CustomEvent<number>) => controller.chooseCrispness(event.detail)}
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
      ${
        state.job
          ? html`<div class="job">
              <lway-job-progress
                class="card"
                tabindex="-1"
                .what=${this.summary(controller)}
                .job=${state.job}
                .device=${state.device}
                @cancel=${() => controller.cancel()}
                @enough=${() => controller.stopEarly()}
              ></lway-job-progress>
              ${state.notices.length > 0 ? this.renderNotices(state.notices) : nothing}
            </div>`
          : html`<div class="action">
              <button
                class="primary"
                ?disabled=${!state.document?.activeLayer || state.models.length === 0}
                aria-describedby="why"
                @click=${() => void controller.start()}
              >
                Upscale with LWay
              </button>
              <p class="hint under" id="why">${this.why(controller)}</p>
            </div>`
      }
      <div class="outcome" aria-live="polite">${state.outcome ? this.renderOutcome(controller) : nothing}</div>`;
  }

  /** What is being done, in short: the settings themselves are out of sight meanwhile. */
  private summary(controller: PanelController): string {
    const { target, size, crispness } = controller.effective;
    const { name: network, scale } = controller.model?.entry ?? { name: '', scale: 0 };
    const name = crispness === undefined ? network : `${network} (${crispnessText(crispness)})`;
    const area = target === 'layer' ? 'whole layer' : 'selection';
    // The network's own scale is in its name.
    if ('scale' in size) return [name, area, ...(size.scale === scale ? [] : [scaleName(size.scale)])].join(' · ');
    return [name, area, `to fit ${size.width} × ${size.height}`].join(' · ');
  }

  /** What can be done with what was learned: another strength, seen at once; a file of it. */
  private renderLearned(controller: PanelController, learned: Learned) {
    const { preview, previewing, unadapted, settings } = controller.state;
    const percent = Math.round((preview?.strength ?? settings.strength) * 100);
    return html`<div class="strength">
      <lway-segmented
        label="Compare with"
        .value=${unadapted ? 'unadapted' : 'before'}
        .segments=${[
          { value: 'before', text: 'Before' },
          { value: 'unadapted', text: 'Unadapted' },
        ]}
        @change=${(event: CustomEvent<string>) =>
          void controller.compareUnadapted(event.detail === 'unadapted' ? this.seen() : null)}
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
        @change=${(event: Event) => this.tryStrength(controller, (event.target as HTMLInputElement).valueAsNumber / 100)}
      />
      <p class="hint" aria-live="polite">
        ${
          previewing
            ? 'Drawing the middle of the view again…'
            : preview
              ? 'The middle of the view shows it. To use it, undo the new layer and upscale again: nothing is learned anew.'
              : unadapted
                ? 'In the middle of the view, left of the divider, is what the network as it came makes of the picture.'
                : '0 % is the network as it was.'
        }
      </p>
      ${
        this.services.saveFile
          ? html`<button
              class="quiet start"
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
    const seen = this.seen();
    if (seen) void controller.previewStrength(strength, seen);
  }

  /** The part of the result that the comparison in front shows. */
  private seen(): Rect | null {
    const compares = [...this.renderRoot.querySelectorAll<Compare>('lway-compare')];
    return (compares.find(({ fill }) => fill === this.large) ?? compares[0])?.visibleRect() ?? null;
  }

  /** What the panel showed last. */
  private shown: 'form' | 'job' | 'outcome' = 'form';
  /** What has the focus while something else takes its place. */
  private focused: Element | null = null;

  protected override willUpdate(): void {
    this.focused = this.shadowRoot?.activeElement ?? null;
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (this.large && !dialog?.open) dialog?.showModal();
    if (!this.large && dialog?.open) dialog.close();
    const { job, outcome } = this.controller?.state ?? {};
    const shown = job ? 'job' : outcome ? 'outcome' : 'form';
    if (shown === this.shown) return;
    this.shown = shown;
    const [began, ended] = [this.focused?.matches('.primary'), this.focused?.matches('lway-job-progress')];
    // The keyboard goes on where the button was; not on Cancel itself, which a held Enter would press.
    if (began || ended) this.renderRoot.querySelector<HTMLElement>(began ? 'lway-job-progress' : '.primary')?.focus();
    const place = this.renderRoot.querySelector(shown === 'job' ? '.job' : '.outcome');
    if (shown !== 'form') requestAnimationFrame(() => place?.scrollIntoView({ block: 'start' }));
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
    const { outcome, device, notices, preview, unadapted } = controller.state;
    const top = (title: string) =>
      html`<div class="top">
        <b>${title}</b>
        <button class="quiet end" aria-label="Dismiss" @click=${() => controller.dismiss()}>✕</button>
      </div>`;
    if (outcome?.kind === 'cancelled') {
      return html`<div class="card">
        ${top('Cancelled')}
        <p>The document is as it was.</p>
      </div>`;
    }
    if (outcome?.kind === 'failed') {
      return html`<div class="card failed" role="alert">
        ${top(outcome.error.message)}
        <p>${outcome.error.advice}</p>
        ${notices.length > 0 ? this.renderNotices(notices) : nothing}
      </div>`;
    }
    if (outcome?.kind !== 'done') return nothing;
    const { report, before, after, learned, relearned } = outcome.finished;
    const adapted = relearned ? 'Used what had been learned from this picture.' : adaptationText(report);
    // The unadapted piece is made for what is in view.
    const follow = () => unadapted && void controller.compareUnadapted(this.seen());
    return html`<div class="card done">
      ${top('Done')}
      <p class="numbers">${reportText(report)}</p>
      ${adapted ? html`<p>${adapted}</p>` : nothing}
      ${device ? html`<p class="hint">Computed on ${device.name}</p>` : nothing}
      ${notices.length > 0 ? this.renderNotices(notices) : nothing}
      <lway-compare .original=${before} .result=${after} .preview=${preview} .unadapted=${unadapted} @moved=${follow}>
        <button @click=${() => (this.large = true)}>Larger…</button>
      </lway-compare>
      ${learned ? this.renderLearned(controller, learned) : nothing}
      <dialog aria-label="Before and after" @close=${() => (this.large = false)}>
        ${
          this.large
            ? html`<lway-compare
                fill
                .original=${before}
                .result=${after}
                .preview=${preview}
                .unadapted=${unadapted}
                @moved=${follow}
              >
                <button @click=${() => (this.large = false)}>Close</button>
              </lway-compare>`
            : nothing
        }
      </dialog>
    </div>`;
  }
}

customElements.define('lway-panel', Panel);

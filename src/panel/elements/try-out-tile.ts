import { Task, TaskStatus } from '@lit/task';
import { css, html, LitElement, type PropertyValues } from 'lit';
import type { UpscaleSettings } from '../../actions/settings';
import { type Raster, sourceOf, toPlainError } from '../../engine';
import { shared } from '../../ui/styles';
import { drawRegion } from '../region-image';
import type { PanelServices } from '../services';
import { tryPiece, type TryOut } from '../try-out';

/** How long the network of a choice takes for a megapixel, in seconds. */
export interface TriedPace {
  readonly network: string;
  readonly megapixel: number;
}

/** A piece of the picture by one choice; what is not wanted any more is given up. Fires `choose`, and `pace`. */
export class TryOutTile extends LitElement {
  static override properties = {
    label: {},
    services: { attribute: false },
    tryOut: { attribute: false },
    scale: { type: Number },
    settings: { attribute: false },
    chosen: { type: Boolean },
  };
  declare label: string;
  declare services: PanelServices;
  declare tryOut: TryOut;
  declare scale: number;
  /** Null: the picture as it is, enlarged. */
  declare settings: UpscaleSettings | null;
  declare chosen: boolean;

  static override styles = [
    shared,
    css`
      button,
      .before {
        display: block;
        width: 100%;
        height: auto;
        padding: 3px;
        text-align: start;
        border: 1px solid var(--lway-line);
        border-radius: 6px;
        background: none;
      }
      button[aria-pressed='true'] {
        border-color: var(--lway-mark);
        box-shadow: 0 0 0 1px var(--lway-mark);
      }
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        object-fit: none;
        border-radius: 4px;
        background: var(--lway-desk);
      }
      span {
        display: block;
        margin-top: 2px;
        font-size: 11px;
        line-height: 1.35;
        color: var(--lway-text-2);
        overflow-wrap: anywhere;
      }
      button[aria-pressed='true'] span {
        color: var(--lway-text);
        font-weight: 600;
      }
      .pending {
        opacity: 0.45;
      }
      @media (forced-colors: active) {
        button[aria-pressed='true'] {
          outline: 2px solid Highlight;
        }
      }
    `,
  ];

  private readonly piece = new Task(this, {
    args: () => [this.tryOut, this.settings && JSON.stringify(this.settings), this.scale] as const,
    task: ([tryOut, , scale], { signal }): Promise<Raster> | null => {
      const { settings } = this;
      if (!settings) return null;
      return tryPiece(signal, this.services, tryOut, settings, scale, (megapixel) =>
        this.dispatchEvent(new CustomEvent<TriedPace>('pace', { detail: { network: settings.model, megapixel } })),
      );
    },
  });

  constructor() {
    super();
    this.chosen = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // The engine does one thing after the other: what comes next does not wait for a piece that nobody sees.
    this.piece.abort();
    this.drawing?.abort();
  }

  override render() {
    const { status, error } = this.piece;
    const pending = this.settings !== null && status === TaskStatus.PENDING;
    const content = html`<canvas class=${pending ? 'pending' : ''} width="256" height="256" aria-hidden="true"></canvas>
      <span>${error ? toPlainError(error).message : this.label}${pending ? '…' : ''}</span>`;
    if (!this.settings) return html`<div class="before">${content}</div>`;
    return html`<button
      aria-pressed=${this.chosen}
      aria-label=${this.label}
      aria-busy=${pending}
      @click=${() => this.dispatchEvent(new CustomEvent('choose'))}
    >
      ${content}
    </button>`;
  }

  protected override updated(changed: PropertyValues): void {
    // Until it is there, the picture enlarged stands in: something is seen at once.
    if (changed.has('tryOut') || changed.has('scale')) void this.draw(null);
    const { value, status } = this.piece;
    if (value && status === TaskStatus.COMPLETE && value !== this.drawn) void this.draw(value);
  }

  private drawn: Raster | null = null;
  private drawing: AbortController | null = null;

  private async draw(result: Raster | null): Promise<void> {
    this.drawn = result;
    this.drawing?.abort();
    const { signal } = (this.drawing = new AbortController());
    const { source, inner } = this.tryOut;
    const by = (length: number) => Math.round(length * this.scale);
    const [width, height] = result
      ? [result.width, result.height]
      : [Math.max(1, by(inner.width)), Math.max(1, by(inner.height))];
    const canvas = this.renderRoot.querySelector('canvas')!;
    canvas.width = width;
    canvas.height = height;
    const put = (x: number, y: number, image: ImageData) => canvas.getContext('2d')!.putImageData(image, x, y);
    try {
      if (result) {
        await drawRegion(signal, sourceOf(result), { width, height }, { x: 0, y: 0, width, height }, 0.5, put);
        return;
      }
      const whole = { width: by(source.info.width), height: by(source.info.height) };
      const x = Math.min(whole.width - width, by(inner.x));
      const y = Math.min(whole.height - height, by(inner.y));
      await drawRegion(signal, source, whole, { x, y, width, height }, 0.5, put);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

customElements.define('lway-try-out-tile', TryOutTile);

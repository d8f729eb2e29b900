import { css, html, LitElement } from 'lit';
import type { PreviewImage } from '../../engine';
import type { RunningJob } from '../state';
import { shared } from '../../ui/styles';

/** A piece of the picture while the network learns: by the network as it came, and as it is now; their middles at 100 %. */
export class Learning extends LitElement {
  static override properties = { learning: { attribute: false } };
  declare learning: NonNullable<RunningJob['learning']>;

  static override styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 6px;
        margin-top: 12px;
      }
      figure {
        margin: 0;
        min-width: 0;
      }
      canvas {
        display: block;
        width: 100%;
        aspect-ratio: 1;
        object-fit: none;
        border-radius: 6px;
        background: var(--lway-desk);
      }
      figcaption {
        margin-top: 3px;
        font-size: 11px;
        color: var(--lway-text-2);
      }
    `,
  ];

  override render() {
    const { step } = this.learning;
    return html`<figure>
        <canvas class="before" role="img" aria-label="Part of your picture before matching"></canvas>
        <figcaption>Before matching</figcaption>
      </figure>
      <figure>
        <canvas class="now" role="img" aria-label="The same part, from the network as it is now"></canvas>
        <figcaption class="numbers">${step > 0 ? `After ${step} step${step === 1 ? '' : 's'}` : 'Now'}</figcaption>
      </figure>`;
  }

  protected override updated(): void {
    this.draw('.before', this.learning.before);
    this.draw('.now', this.learning.now);
  }

  private draw(which: string, { width, height, data }: PreviewImage): void {
    const canvas = this.renderRoot.querySelector<HTMLCanvasElement>(which)!;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext('2d')!.putImageData(new ImageData(data, width, height), 0, 0);
  }
}

customElements.define('lway-learning', Learning);

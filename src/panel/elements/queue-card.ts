import { css, html, LitElement, nothing } from 'lit';
import { icons } from '../../ui/icons';
import { shared } from '../../ui/styles';
import type { QueueItem } from '../queue/queue';

/** One picture of the queue. Fires `edit`, `retry`, `remove` and `save`. */
export class QueueCard extends LitElement {
  static override properties = { item: { attribute: false } };
  declare item: QueueItem;

  static override styles = [
    shared,
    css`
      div {
        position: relative;
        display: grid;
        grid-template-columns: 56px 1fr auto;
        gap: 2px 10px;
        align-items: center;
        height: 100%;
        padding: 8px;
        border: 1px solid var(--lway-line);
        border-radius: 8px;
        background: var(--lway-raised);
      }
      .thumbnail {
        grid-row: span 2;
        padding: 0;
        width: 56px;
        height: 42px;
        border-color: var(--lway-line);
        background: var(--lway-field);
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
        object-fit: contain;
        border-radius: 5px;
      }
      b {
        min-width: 0;
        font-weight: 500;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .state {
        grid-column: 2 / 4;
        min-width: 0;
        font-size: 12px;
        color: var(--lway-text-2);
        overflow-wrap: anywhere;
      }
      .failed {
        color: var(--lway-danger);
      }
      .done {
        color: var(--lway-good);
      }
      .buttons {
        display: flex;
      }
      .buttons button {
        width: 24px;
        height: 24px;
        padding: 0;
      }
      .buttons svg {
        width: 14px;
        height: 14px;
        vertical-align: -2px;
      }
      /* Cards are as high as ever while one is at work. */
      progress {
        position: absolute;
        inset: auto 8px 4px 76px;
        width: auto;
        height: 3px;
        accent-color: var(--lway-mark);
      }
    `,
  ];

  override render() {
    const { name, state } = this.item;
    const act = (type: string) => () => this.dispatchEvent(new CustomEvent(type));
    const button = (type: string, label: string, icon: unknown) =>
      html`<button class="quiet" aria-label="${label}: ${name}" title=${label} @click=${act(type)}>${icon}</button>`;
    return html`<div>
      <button
        class="thumbnail"
        aria-label="Open ${name} in the editor"
        title="Open in the editor"
        @click=${act('edit')}
      >
        <canvas width="112" height="84" aria-hidden="true"></canvas>
      </button>
      <b title=${name}>${name}</b>
      <span class="buttons">
        ${state.kind === 'done' ? button('save', 'Save this result', icons.down) : nothing}
        ${state.kind === 'failed' || state.kind === 'done' ? button('retry', 'Upscale it again', icons.retry) : nothing}
        ${button('remove', 'Remove from the list', '✕')}
      </span>
      ${this.renderState()}
    </div>`;
  }

  private renderState() {
    const { state } = this.item;
    switch (state.kind) {
      case 'waiting':
        return html`<span class="state">Waiting</span>`;
      case 'working':
        return html`<span class="state"
          >${state.text} <progress aria-label=${state.text} max="1" value=${state.done ?? nothing}></progress
        ></span>`;
      case 'done':
        return html`<span class="state"
          ><span class="done">✓</span>
          ${state.name}${state.saved ? ', saved' : ''}${state.note ? html`<br />${state.note}` : nothing}</span
        >`;
      case 'failed':
        return html`<span class="state failed">${state.error.message} ${state.error.advice}</span>`;
    }
  }

  protected override firstUpdated(): void {
    void this.drawThumbnail();
  }

  private async drawThumbnail(): Promise<void> {
    const canvas = this.renderRoot.querySelector('canvas')!;
    const context = canvas.getContext('2d');
    try {
      const whole = await createImageBitmap(this.item.input);
      const scale = Math.min(canvas.width / whole.width, canvas.height / whole.height);
      const [width, height] = [whole.width * scale, whole.height * scale];
      if (context) context.imageSmoothingQuality = 'high';
      context?.drawImage(whole, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
      whole.close();
    } catch {
      // A format that the browser does not draw itself: its ending stands in.
      const ending = /\.([a-z0-9]+)$/i.exec(this.item.name)?.[1] ?? '?';
      if (!context) return;
      context.font = '600 26px system-ui, sans-serif';
      context.fillStyle = getComputedStyle(this).getPropertyValue('--lway-text-2');
      context.textAlign = 'center';
      context.fillText(ending.toUpperCase(), canvas.width / 2, canvas.height / 2 + 9);
    }
  }
}

customElements.define('lway-queue-card', QueueCard);

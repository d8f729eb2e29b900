import { css, html, LitElement } from 'lit';
import { icons, logo } from '../../../ui/icons';
import type { OpenDocument } from '../workspace';
import { bar } from './bar-styles';
import type { Tool } from './canvas-view';

/**
 * The editor's bar. Fires `open`, `export`, `undo`, `redo`, `compare`, `fit`, `tool` with the tool, `zoom-step` with 1 or
 * -1 and `zoom-to` with the zoom.
 */
export class Toolbar extends LitElement {
  static override properties = {
    current: { attribute: false },
    tool: {},
    zoom: { type: Number },
    busy: { type: Boolean },
    comparing: { type: Boolean },
    comparable: { type: Boolean },
    revision: { type: Number },
  };
  declare current: OpenDocument | null;
  declare tool: Tool;
  declare zoom: number;
  /** A file is being opened or exported. */
  declare busy: boolean;
  declare comparing: boolean;
  declare comparable: boolean;
  /** Changes with the document, which is changed in place. */
  declare revision: number;

  static override styles = [
    bar,
    css`
      :host {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px;
        min-height: 44px;
        padding: 6px 10px;
        border-bottom: 1px solid var(--lway-line);
      }
      h1 {
        display: flex;
        align-items: center;
        gap: 8px;
        font-weight: 650;
        font-size: 14px;
        letter-spacing: -0.01em;
        margin: 0 10px 0 4px;
      }
      h1 svg {
        width: 20px;
        height: 20px;
        color: var(--lway-mark);
      }
      .zoom {
        min-width: 56px;
        font-variant-numeric: tabular-nums;
      }
      @media (max-width: 720px) {
        :host {
          gap: 2px;
          padding: 4px 6px;
        }
        .rule {
          display: none;
        }
      }
      @media (max-width: 420px) {
        h1 span {
          display: none;
        }
        h1 {
          margin-inline-end: 0;
        }
      }
    `,
  ];

  override render() {
    const { current } = this;
    const [undo, redo] = [current?.past.at(-1)?.label, current?.future.at(-1)?.label];
    const tool = (name: Tool, label: string, title: string, icon: unknown) =>
      html`<button
        aria-label=${label}
        aria-pressed=${this.tool === name}
        title=${title}
        @click=${() => this.send('tool', name)}
      >
        ${icon}
      </button>`;
    return html`<h1>${logo}<span>LWay</span></h1>
      <button title="Open pictures (Ctrl+O)" @click=${() => this.send('open')}>Open…</button>
      <button title="Export (Ctrl+S)" ?disabled=${!current || this.busy} @click=${() => this.send('export')}>
        Export…
      </button>
      <span class="rule"></span>
      <button
        aria-label="Undo"
        title=${undo ? `Undo “${undo}” (Ctrl+Z)` : 'Nothing to undo'}
        ?disabled=${!undo}
        @click=${() => this.send('undo')}
      >
        ${icons.undo}
      </button>
      <button
        aria-label="Redo"
        title=${redo ? `Redo “${redo}” (Ctrl+Shift+Z)` : 'Nothing to redo'}
        ?disabled=${!redo}
        @click=${() => this.send('redo')}
      >
        ${icons.redo}
      </button>
      <span class="rule"></span>
      ${tool('hand', 'Hand', 'Hand: drag to move the view (H)', icons.hand)}
      ${tool('select', 'Select a region', 'Select a rectangle (M)', icons.select)}
      <button
        aria-label="Compare"
        aria-pressed=${this.comparing}
        title=${
          this.comparable
            ? 'Compare the active layer with another (C); hold B to see before'
            : 'There is only one layer: nothing to compare'
        }
        ?disabled=${!this.comparable}
        @click=${() => this.send('compare')}
      >
        ${icons.compare}
      </button>
      <span class="gap"></span>
      <span class="group">
        <button aria-label="Zoom out" title="Zoom out (-)" @click=${() => this.send('zoom-step', -1)}>
          ${icons.minus}
        </button>
        <button
          class="zoom"
          title="Show actual pixels (1)"
          aria-label="Zoom ${this.zoomText}, show actual pixels"
          @click=${() => this.send('zoom-to', 1)}
        >
          ${this.zoomText}
        </button>
        <button aria-label="Zoom in" title="Zoom in (+)" @click=${() => this.send('zoom-step', 1)}>
          ${icons.plus}
        </button>
        <button title="Show the whole picture (0)" @click=${() => this.send('fit')}>Fit</button>
      </span>`;
  }

  private get zoomText(): string {
    const percent = this.zoom * 100;
    return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
  }

  private send(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define('lway-toolbar', Toolbar);

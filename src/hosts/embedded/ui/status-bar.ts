import { css, html, LitElement, nothing } from 'lit';
import type { OpenDocument, Workspace } from '../workspace';
import type { Tool } from './canvas-view';

/** What the document is, and the selection in numbers; while a file is opened or exported, how far that is. Fires `cancel`. */
export class StatusBar extends LitElement {
  static override properties = {
    workspace: { attribute: false },
    tool: {},
    work: { attribute: false },
    revision: { type: Number },
  };
  declare workspace: Workspace;
  declare tool: Tool;
  /** What goes on now, and how far it is, 0..1. */
  declare work: { text: string; done: number | null } | null;
  declare revision: number;

  static override styles = css`
    :host {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 2px 16px;
      min-height: 30px;
      padding: 3px 12px;
      border-top: 1px solid var(--lway-line);
      font-size: 12px;
      color: var(--lway-text-2);
      font-variant-numeric: tabular-nums;
    }
    .selection {
      display: flex;
      flex-wrap: wrap;
      gap: 2px 10px;
      margin-inline-start: auto;
    }
    label {
      display: flex;
      align-items: center;
      gap: 4px;
    }
    button,
    input {
      font: inherit;
      height: 22px;
      border: 1px solid var(--lway-field-line);
      border-radius: 4px;
      color: var(--lway-text);
    }
    button {
      padding: 0 8px;
      background: var(--lway-raised);
    }
    input {
      width: 62px;
      padding: 0 4px;
      background: var(--lway-field);
    }
    :is(button, input):focus-visible {
      outline: 2px solid var(--lway-focus);
      outline-offset: 1px;
    }
  `;

  override render() {
    if (this.work) {
      const percent = this.work.done === null ? '' : ` ${Math.floor(this.work.done * 100)} %`;
      return html`<span role="status">${this.work.text}</span><span>${percent}</span>
        <button @click=${() => this.dispatchEvent(new CustomEvent('cancel'))}>Cancel</button>`;
    }
    const current = this.workspace.active;
    if (!current) return html`<span>No picture is open</span>`;
    const { width, height, selection } = current.state;
    return html`<span>${width} × ${height} px</span
      ><span>${current.bitDepth} bit${current.iccProfile ? ', colour profile' : ''}</span> ${
        selection
          ? html`<span class="selection"
              >${this.field(current, 'x', 'X', 'left')}${this.field(current, 'y', 'Y', 'top')}${this.field(current, 'width', 'W', 'width')}${this.field(current, 'height', 'H', 'height')}</span
            >`
          : this.tool === 'select'
            ? html`<span>Drag to select, or press an arrow key in the picture</span>`
            : nothing
      }`;
  }

  private field(current: OpenDocument, key: 'x' | 'y' | 'width' | 'height', label: string, name: string) {
    return html`<label
      ><span aria-hidden="true">${label}</span
      ><input
        type="number"
        min=${key === 'x' || key === 'y' ? 0 : 1}
        aria-label="Selection ${name} in pixels"
        .value=${String(current.state.selection![key])}
        @change=${(event: Event) => this.edit(current, key, event.target as HTMLInputElement)}
    /></label>`;
  }

  private edit(current: OpenDocument, key: 'x' | 'y' | 'width' | 'height', input: HTMLInputElement): void {
    const { width, height, selection } = current.state;
    if (!selection) return;
    const { valueAsNumber: value } = input;
    const next = { ...selection, [key]: Number.isFinite(value) ? Math.round(value) : selection[key] };
    next.x = Math.min(width - 1, Math.max(0, next.x));
    next.y = Math.min(height - 1, Math.max(0, next.y));
    next.width = Math.min(width - next.x, Math.max(1, next.width));
    next.height = Math.min(height - next.y, Math.max(1, next.height));
    // What was typed need not be what is selected.
    input.value = String(next[key]);
    this.workspace.adjust(current, { selection: next });
  }
}

customElements.define('lway-status-bar', StatusBar);

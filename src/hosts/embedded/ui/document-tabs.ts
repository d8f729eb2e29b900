import { css, html, LitElement } from 'lit';
import type { OpenDocument, Workspace } from '../workspace';

/** The open documents. Fires `close-document` with the one whose ✕ was pressed. */
export class DocumentTabs extends LitElement {
  static override properties = { workspace: { attribute: false }, revision: { type: Number } };
  declare workspace: Workspace;
  declare revision: number;

  static override styles = css`
    :host {
      display: flex;
      overflow-x: auto;
      scrollbar-width: thin;
      border-bottom: 1px solid var(--lway-line);
    }
    div {
      display: flex;
      align-items: center;
      flex: none;
      max-width: 240px;
      border-inline-end: 1px solid var(--lway-line);
    }
    .active {
      background: var(--lway-desk);
      box-shadow: inset 0 -2px 0 var(--lway-mark);
    }
    button {
      font: inherit;
      border: 0;
      background: none;
      height: 30px;
      border-radius: 4px;
      color: var(--lway-text-2);
    }
    button:focus-visible {
      outline: 2px solid var(--lway-focus);
      outline-offset: -2px;
    }
    .title {
      padding: 0 2px 0 12px;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .active .title,
    .close:hover {
      color: var(--lway-text);
    }
    .close {
      flex: none;
      width: 24px;
      padding: 0;
      margin-inline-end: 4px;
    }
    @media (forced-colors: active) {
      .active {
        outline: 2px solid Highlight;
        outline-offset: -2px;
      }
    }
  `;

  override render() {
    const { active, documents } = this.workspace;
    return documents.map((one) => {
      const unsaved = this.workspace.unsaved(one);
      return html`<div class=${one === active ? 'active' : ''}>
        <button
          class="title"
          aria-current=${one === active}
          aria-label=${one.name}
          title=${unsaved ? `${one.name}: not exported yet` : one.name}
          @click=${() => this.workspace.activate(one.id)}
        >
          ${unsaved ? '• ' : ''}${one.name}
        </button>
        <button class="close" aria-label="Close ${one.name}" title="Close" @click=${() => this.close(one)}>✕</button>
      </div>`;
    });
  }

  private close(document: OpenDocument): void {
    this.dispatchEvent(new CustomEvent('close-document', { detail: document }));
  }
}

customElements.define('lway-document-tabs', DocumentTabs);

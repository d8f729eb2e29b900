import { css, html, LitElement } from 'lit';
import { shared } from '../../ui/styles';

/** What was not as asked for. */
export class NoticeList extends LitElement {
  static override properties = { notices: { attribute: false } };
  declare notices: readonly string[];

  static override styles = [
    shared,
    css`
      ul {
        margin: 8px 0 0;
        padding: 8px 10px;
        list-style: none;
        border-radius: 6px;
        font-size: 12px;
        background: var(--lway-warn-bg);
        color: var(--lway-warn);
      }
      li + li {
        margin-top: 4px;
      }
    `,
  ];

  override render() {
    return html`<ul aria-label="Notices">
      ${this.notices.map((notice) => html`<li>${notice}</li>`)}
    </ul>`;
  }
}

customElements.define('lway-notice-list', NoticeList);

import { css, html, LitElement, nothing } from 'lit';
import { shared } from '../../ui/styles';
import { isNoGpu } from '../messages';

/** What was not as asked for; with what can be done about it, where something can. */
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
        border: 1px solid transparent;
      }
      li + li {
        margin-top: 4px;
      }
      details {
        margin-top: 2px;
      }
      summary,
      summary:hover {
        color: inherit;
        text-decoration: underline;
      }
      ol {
        margin: 4px 0 0;
        padding-inline-start: 18px;
        color: var(--lway-text);
      }
    `,
  ];

  override render() {
    return html`<ul aria-label="Notices">
      ${this.notices.map((notice) => html`<li>${notice} ${isNoGpu(notice) ? noGpuHelp : nothing}</li>`)}
    </ul>`;
  }
}

const noGpuHelp = html`<details>
  <summary>What can I do?</summary>
  <ol>
    <li>Use an up-to-date Chrome, Edge, Firefox or Safari: older versions have no WebGPU.</li>
    <li>Turn on “Use graphics acceleration when available” in the browser’s settings, then restart it.</li>
    <li>Update the driver of your graphics card.</li>
    <li>Without a GPU, save time with a smaller style, with Match set to Off or Fast, or with a selection.</li>
  </ol>
</details>`;

customElements.define('lway-notice-list', NoticeList);

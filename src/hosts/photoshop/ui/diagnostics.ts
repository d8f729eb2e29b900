import { css, html, LitElement } from 'lit';
import type { PhotoshopBridge, ProbeLine } from '../protocol';
import { reportOf, runProbes } from '../probe-page';
import { bar } from './styles';

/** The diagnostics page: what this Photoshop can do, as text to send along with a question. Fires `close`. */
export class Diagnostics extends LitElement {
  static override properties = { bridge: { attribute: false }, lines: { state: true }, state: { state: true } };
  declare bridge: PhotoshopBridge;
  declare lines: ProbeLine[];
  declare state: 'idle' | 'running' | 'done' | 'copied';
  static override styles = [
    bar,
    css`
      textarea {
        box-sizing: border-box;
        width: 100%;
        height: 50vh;
        margin-top: 10px;
        font:
          11px/1.5 ui-monospace,
          monospace;
        color: inherit;
        background: var(--lway-field);
        border: 1px solid var(--lway-field-line);
        border-radius: 6px;
      }
    `,
  ];
  private readonly life = new AbortController();

  constructor() {
    super();
    this.lines = [];
    this.state = 'idle';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.life.abort();
  }

  override render() {
    const running = this.state === 'running';
    return html`<p>
        Tests what LWay needs from this Photoshop, using small documents that are closed again. The report holds
        versions and measurements, nothing from your pictures; it goes nowhere unless you paste it.
      </p>
      <button ?disabled=${running} @click=${() => void this.run()}>${running ? 'Running…' : 'Run'}</button>
      <button ?disabled=${this.lines.length === 0} @click=${() => void this.copy()}>
        ${this.state === 'copied' ? 'Copied' : 'Copy report'}
      </button>
      <button @click=${() => this.dispatchEvent(new Event('close'))}>Close</button>
      <textarea readonly aria-label="Report" .value=${reportOf(this.lines)}></textarea>`;
  }

  private async run(): Promise<void> {
    this.lines = [];
    this.state = 'running';
    await runProbes(window, this.bridge, this.life.signal, (line) => (this.lines = [...this.lines, line])).catch(
      () => undefined,
    );
    this.state = 'done';
  }

  private async copy(): Promise<void> {
    const text = this.renderRoot.querySelector('textarea')!;
    text.select();
    // A WebView may refuse the clipboard to a local page; the old way copies what is selected.
    await navigator.clipboard.writeText(text.value).catch(() => document.execCommand('copy'));
    this.state = 'copied';
  }
}
customElements.define('lway-diagnostics', Diagnostics);

import { css, html, LitElement, nothing } from 'lit';
import { parseSteps } from '../../actions/steps';
import { type PlainError, toPlainError } from '../../engine';
import { icons } from '../../ui/icons';
import { shared } from '../../ui/styles';
import type { PictureQueue, QueueItem } from '../queue/queue';
import { saveToFolder, zipped } from '../queue/save-results';
import './queue-card';

/**
 * Many pictures: thumbnails, how far each is, and where the results go. Fires `edit` with the file of a picture that the
 * person wants to look at in the editor, and `save` with `{ name, file }`.
 */
export class QueueView extends LitElement {
  static override properties = { queue: { attribute: false }, saving: { state: true }, trouble: { state: true } };
  declare queue: PictureQueue;
  declare saving: boolean;
  declare trouble: PlainError | null;

  static override styles = [
    shared,
    css`
      :host {
        border-top: 1px solid var(--lway-line);
        background: var(--lway-surface);
        max-height: 46vh;
        overflow-y: auto;
        scrollbar-width: thin;
      }
      .top {
        position: sticky;
        top: 0;
        z-index: 1;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px 8px;
        padding: 8px 12px;
        background: var(--lway-surface);
      }
      h2 {
        margin: 0;
        font-size: 13px;
        font-weight: 600;
      }
      .results,
      .options {
        display: flex;
        flex-wrap: wrap;
        gap: 6px 8px;
      }
      .results {
        margin-inline-start: auto;
      }
      .options {
        flex-basis: 100%;
        gap: 6px 16px;
      }
      select {
        width: auto;
        max-width: 170px;
      }
      label {
        display: flex;
        align-items: center;
        gap: 6px;
        font-size: 12px;
        color: var(--lway-text-2);
      }
      label select,
      label input {
        color: var(--lway-text);
      }
      input[type='number'] {
        width: 58px;
      }
      button svg {
        width: 14px;
        height: 14px;
        vertical-align: -2px;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(260px, 100%), 1fr));
        gap: 8px;
        margin: 0;
        padding: 0 12px 12px;
        list-style: none;
      }
      .wrong {
        margin: 0 12px 8px;
        padding: 8px 10px;
        border-radius: 6px;
        font-size: 12px;
        background: var(--lway-danger-bg);
        color: var(--lway-danger);
      }
    `,
  ];

  private stopListening: (() => void) | null = null;

  constructor() {
    super();
    this.saving = false;
    this.trouble = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stopListening = this.queue.onChange(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.stopListening?.();
  }

  override render() {
    const { queue } = this;
    const { items } = queue;
    if (items.length === 0) return nothing;
    const count = (kind: QueueItem['state']['kind']) => items.filter(({ state }) => state.kind === kind).length;
    const [done, failed, waiting] = [count('done'), count('failed'), count('waiting')];
    const parts = [`${items.length} ${items.length === 1 ? 'picture' : 'pictures'}`];
    if (done > 0) parts.push(`${done} done`);
    if (failed > 0) parts.push(`${failed} failed`);
    const trouble = this.trouble ?? queue.trouble;
    return html`<section aria-label="Queue">
      <div class="top">
        <h2 aria-live="polite">${parts.join(' · ')}</h2>
        ${
          queue.running
            ? html`<button
                title="The picture being upscaled starts over when you continue"
                @click=${() => queue.pause()}
              >
                ${icons.pause} Pause
              </button>`
            : waiting > 0
              ? html`<button class="primary" @click=${() => queue.start()}>
                  ${icons.play} ${done + failed > 0 ? 'Continue' : 'Upscale all'}
                </button>`
              : nothing
        }
        <span class="results"
          >${
            'showDirectoryPicker' in window
              ? html`<button ?disabled=${this.saving} @click=${() => void this.saveInFolder()}>
                  Save to a folder…
                </button>`
              : nothing
          }
          <button ?disabled=${done === 0 || this.saving} @click=${() => void this.saveZip()}>Save as ZIP</button>
          <button
            class="quiet"
            title=${queue.unsaved > 0 ? 'Save the results first' : 'Remove all pictures from this list'}
            ?disabled=${queue.unsaved > 0 || queue.running}
            @click=${() => queue.clear()}
          >
            Clear
          </button></span
        >
        <span class="options">${this.renderSteps()} ${this.renderFormat()}</span>
      </div>
      ${trouble ? html`<p class="wrong" role="alert">${trouble.message} ${trouble.advice}</p>` : nothing}
      <ul aria-label="Pictures">
        ${items.map(
          (item) =>
            html`<li>
              <lway-queue-card
                .item=${item}
                @edit=${() => this.send('edit', new File([item.input], item.name))}
                @retry=${() => queue.retry(item.id)}
                @remove=${() => queue.remove(item.id)}
                @save=${() => this.saveOne(item)}
              ></lway-queue-card>
            </li>`,
        )}
      </ul>
    </section>`;
  }

  private renderSteps() {
    const { queue } = this;
    return html`<label
        >With
        <select aria-label="Settings for the pictures" ?disabled=${queue.running} @change=${this.onSteps}>
          <option value="settings" .selected=${queue.steps === null}>The panel’s settings</option>
          ${queue.steps ? html`<option value="steps" selected>${queue.steps.name}</option>` : nothing}
          <option value="choose">Recorded steps…</option>
        </select></label
      ><input
        class="visually-hidden"
        type="file"
        accept=".json"
        tabindex="-1"
        aria-label="File of recorded steps"
        @change=${this.onStepsFile}
      />`;
  }

  private renderFormat() {
    const { output, formats } = this.queue;
    const lossy = output.format === 'same' || formats.some(({ id, lossy: loses }) => id === output.format && loses);
    return html`<label
        >As
        <select
          aria-label="Format of the results"
          @change=${(event: Event) => this.queue.setOutput({ format: (event.target as HTMLSelectElement).value })}
        >
          <option value="same" .selected=${output.format === 'same'}>The original’s format</option>
          ${formats.map(({ id, name }) => html`<option value=${id} .selected=${output.format === id}>${name}</option>`)}
        </select></label
      >${
        lossy
          ? html`<label
              >Quality
              <input
                type="number"
                min="1"
                max="100"
                .value=${String(output.quality)}
                @change=${(event: Event) => this.onQuality(event.target as HTMLInputElement)}
            /></label>`
          : nothing
      }`;
  }

  private onQuality(input: HTMLInputElement): void {
    const { valueAsNumber: value } = input;
    const quality = Number.isFinite(value) ? Math.min(100, Math.max(1, Math.round(value))) : this.queue.output.quality;
    input.value = String(quality);
    this.queue.setOutput({ quality });
  }

  private onSteps(event: Event): void {
    const select = event.target as HTMLSelectElement;
    if (select.value === 'settings') this.queue.setSteps(null);
    if (select.value === 'choose') {
      select.value = this.queue.steps ? 'steps' : 'settings';
      this.renderRoot.querySelector<HTMLInputElement>('input[type=file]')?.click();
    }
  }

  private async onStepsFile(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = '';
    if (!file) return;
    await this.trying(async () => {
      let value: unknown;
      try {
        value = JSON.parse(await file.text());
      } catch {
        value = null; // said by the next line: it is no file of steps
      }
      this.queue.setSteps({ name: file.name, steps: parseSteps(value) });
    });
  }

  private async saveInFolder(): Promise<void> {
    this.saving = true;
    await this.trying(async () => {
      const save = await saveToFolder();
      if (save) await this.queue.saveAll(save);
    });
    this.saving = false;
  }

  private async saveZip(): Promise<void> {
    this.saving = true;
    await this.trying(async () => {
      const results = this.queue.results();
      this.send('save', { name: 'lway-pictures.zip', file: await zipped(results) });
      this.queue.markSaved(results.map(({ id }) => id));
    });
    this.saving = false;
  }

  private saveOne({ id }: QueueItem): void {
    const result = this.queue.results().find((one) => one.id === id);
    if (!result) return;
    this.send('save', result);
    this.queue.markSaved([id]);
  }

  private async trying(work: () => Promise<void>): Promise<void> {
    this.trouble = null;
    try {
      await work();
    } catch (error) {
      this.trouble = toPlainError(error);
    }
  }

  private send(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

customElements.define('lway-queue-view', QueueView);

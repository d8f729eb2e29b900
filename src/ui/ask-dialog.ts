import { css, html, LitElement, nothing } from 'lit';
import { dialogs, shared } from './styles';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** Buttons, the safest last: it has the focus, and Escape means the same. */
  readonly answers: readonly { readonly value: string; readonly text: string; readonly danger?: boolean }[];
}

/** Asks one question over everything else. */
export class AskDialog extends LitElement {
  static override properties = { question: { state: true } };
  declare question: Question | null;

  static override styles = [
    shared,
    dialogs,
    css`
      dialog {
        width: min(470px, calc(100vw - 32px));
      }
      h2 {
        margin: 0 0 6px;
        font-size: 14px;
        overflow-wrap: anywhere;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: end;
        gap: 8px;
        margin-top: 16px;
      }
      .danger {
        color: var(--lway-danger);
      }
    `,
  ];

  private answer: ((value: string) => void) | null = null;

  constructor() {
    super();
    this.question = null;
  }

  /** Resolves to the value of the button that was pressed. */
  ask(question: Question): Promise<string> {
    this.answer?.(this.question!.answers.at(-1)!.value);
    this.question = question;
    return new Promise((resolve) => (this.answer = resolve));
  }

  override render() {
    const { question } = this;
    if (!question) return nothing;
    const { title, text, answers } = question;
    return html`<dialog aria-labelledby="title" @close=${() => this.end(answers.at(-1)!.value)}>
      <h2 id="title">${title}</h2>
      <p>${text}</p>
      <div class="buttons">
        ${answers.map(
          ({ value, text: label, danger }, i) =>
            html`<button
              class="${danger ? 'danger' : ''} ${i === answers.length - 1 ? 'primary' : ''}"
              ?autofocus=${i === answers.length - 1}
              @click=${() => this.end(value)}
            >
              ${label}
            </button>`,
        )}
      </div>
    </dialog>`;
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector('dialog');
    if (dialog && !dialog.open) dialog.showModal();
  }

  private end(value: string): void {
    const { answer } = this;
    this.answer = null;
    this.question = null;
    answer?.(value);
  }
}

customElements.define('lway-ask-dialog', AskDialog);

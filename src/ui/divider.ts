import { css, html, LitElement } from 'lit';

/**
 * The line between two pictures in one place: dragged, or moved by the arrow keys. Lies in a positioned box, over its
 * whole height. Fires `change` with its place as detail: 0 left … 1 right.
 */
export class Divider extends LitElement {
  static override properties = { value: { type: Number }, label: {}, first: {}, second: {} };
  declare value: number;
  declare label: string;
  /** What is to the left of it, and to the right. */
  declare first: string;
  declare second: string;

  static override styles = css`
    :host {
      position: absolute;
      inset-block: 0;
      width: 32px;
      margin-left: -16px;
      cursor: ew-resize;
      touch-action: none;
    }
    div {
      position: absolute;
      inset: 0;
      outline: none;
    }
    div::before {
      content: '';
      position: absolute;
      inset-block: 0;
      left: 15px;
      width: 2px;
      background: #fff;
      box-shadow: 0 0 0 1px rgb(0 0 0 / 35%);
    }
    svg {
      position: absolute;
      top: 50%;
      left: 3px;
      width: 26px;
      height: 26px;
      margin-top: -13px;
      filter: drop-shadow(0 0 1px rgb(0 0 0 / 60%));
    }
    div:focus-visible svg {
      outline: 2px solid var(--lway-focus);
      outline-offset: 2px;
      border-radius: 50%;
    }
    @media (forced-colors: active) {
      div::before {
        background: CanvasText;
        forced-color-adjust: none;
      }
    }
  `;

  private dragging = false;

  constructor() {
    super();
    this.value = 0.5;
    this.label = 'Divider between before and after';
    this.first = 'before';
    this.second = 'after';
    this.addEventListener('pointerdown', this.onDown);
    this.addEventListener('pointermove', this.onMove);
    this.addEventListener('pointerup', this.onUp);
    this.addEventListener('pointercancel', this.onUp);
  }

  override render() {
    const percent = Math.round(this.value * 100);
    return html`<div
      role="slider"
      tabindex="0"
      aria-label=${this.label}
      aria-orientation="horizontal"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${percent}
      aria-valuetext="${percent} % ${this.first}, ${100 - percent} % ${this.second}"
      @keydown=${this.onKey}
    >
      <svg viewBox="0 0 26 26" aria-hidden="true">
        <circle cx="13" cy="13" r="12" fill="#fff" />
        <path
          d="M10 9l-4 4 4 4M16 9l4 4-4 4"
          fill="none"
          stroke="#333"
          stroke-width="1.6"
          stroke-linejoin="round"
          stroke-linecap="round"
        />
      </svg>
    </div>`;
  }

  protected override updated(): void {
    // A style attribute would offend the content security policy; the property does not.
    this.style.left = `${this.value * 100}%`;
  }

  private move(value: number): void {
    this.value = Math.min(1, Math.max(0, value));
    this.dispatchEvent(new CustomEvent('change', { detail: this.value }));
  }

  private readonly onDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.dragging = true;
    this.setPointerCapture(event.pointerId);
    event.stopPropagation();
  };

  private readonly onMove = (event: PointerEvent): void => {
    if (!this.dragging) return;
    const box = this.offsetParent!.getBoundingClientRect();
    this.move((event.clientX - box.left) / box.width);
    event.stopPropagation();
  };

  private readonly onUp = (): void => {
    this.dragging = false;
  };

  private onKey(event: KeyboardEvent): void {
    const step = event.shiftKey ? 0.1 : 0.02;
    if (event.key === 'ArrowLeft' || event.key === 'ArrowDown') this.move(this.value - step);
    else if (event.key === 'ArrowRight' || event.key === 'ArrowUp') this.move(this.value + step);
    else if (event.key === 'Home') this.move(0);
    else if (event.key === 'End') this.move(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

customElements.define('lway-divider', Divider);

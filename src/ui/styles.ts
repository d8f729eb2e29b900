import { css } from 'lit';

/** Text for screen readers. */
export const visuallyHidden = css`
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;

/** A dialog over the page: how wide it is, it says itself. */
export const dialogs = css`
  dialog {
    padding: 18px;
    border: 1px solid var(--lway-line);
    border-radius: 12px;
    background: var(--lway-surface);
    color: inherit;
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }
`;

/** What all elements of the panel share: type, fields, buttons, focus. Colours come from tokens.ts. */
export const shared = css`
  :host {
    display: block;
    font: 13px/1.45 var(--lway-font);
    color: var(--lway-text);
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  p {
    margin: 0;
  }
  .hint {
    color: var(--lway-text-2);
    font-size: 12px;
    line-height: 1.4;
  }
  .label {
    display: block;
    font-weight: 500;
    padding: 0;
    margin-bottom: 6px;
  }
  /* Above a slider: what it is, and where it stands. */
  .line {
    display: flex;
    justify-content: space-between;
  }
  .numbers {
    font-variant-numeric: tabular-nums;
  }
  button,
  input,
  select {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button {
    height: 28px;
    padding: 0 12px;
    border: 1px solid var(--lway-line);
    border-radius: 6px;
    background: var(--lway-raised);
  }
  button:hover:not(:disabled) {
    background-image: linear-gradient(var(--lway-hover), var(--lway-hover));
  }
  button:disabled {
    opacity: 0.45;
  }
  button.primary {
    border-color: transparent;
    background: var(--lway-accent);
    color: var(--lway-on-accent);
    font-weight: 600;
  }
  button.primary:hover:not(:disabled) {
    background: var(--lway-accent-hover);
  }
  button.quiet {
    border-color: transparent;
    background: none;
    color: var(--lway-text-2);
    padding: 0 6px;
  }
  /* Text of quiet buttons stands in line with what is around it. */
  button.quiet.start {
    margin-inline-start: -7px;
  }
  button.quiet.end {
    margin-inline-end: -7px;
  }
  button.quiet:hover:not(:disabled) {
    color: var(--lway-text);
  }
  button.link {
    display: inline;
    height: auto;
    padding: 0;
    border: 0;
    border-radius: 2px;
    background: none;
    color: var(--lway-mark);
    text-align: start;
    text-decoration: underline;
  }
  summary {
    width: fit-content;
    border-radius: 4px;
    color: var(--lway-text-2);
    font-size: 12px;
    cursor: default;
  }
  summary:hover {
    color: var(--lway-text);
  }
  details {
    margin-top: 6px;
  }
  select,
  input[type='number'] {
    width: 100%;
    height: 28px;
    padding: 0 8px;
    border: 1px solid var(--lway-field-line);
    border-radius: 6px;
    background: var(--lway-field);
  }
  select {
    text-overflow: ellipsis;
  }
  select:disabled,
  input[type='number']:disabled {
    opacity: 0.55;
  }
  input[type='range'] {
    width: 100%;
    height: 20px;
    margin: 0;
    appearance: none;
    background: none;
  }
  input[type='range']::-webkit-slider-runnable-track {
    height: 4px;
    border-radius: 2px;
    background: var(--lway-slider);
  }
  input[type='range']::-moz-range-track {
    height: 4px;
    border-radius: 2px;
    background: var(--lway-slider);
  }
  input[type='range']::-webkit-slider-thumb {
    appearance: none;
    width: 14px;
    height: 14px;
    margin-top: -5px;
    border: 0;
    border-radius: 50%;
    background: var(--lway-mark);
  }
  input[type='range']::-moz-range-thumb {
    width: 14px;
    height: 14px;
    border: 0;
    border-radius: 50%;
    background: var(--lway-mark);
  }
  input[type='range']:disabled {
    opacity: 0.45;
  }
  :is(button, select, input, summary, [tabindex]):focus-visible {
    outline: 2px solid var(--lway-focus);
    outline-offset: 1px;
  }
  @media (forced-colors: active) {
    button.primary:not(:disabled) {
      forced-color-adjust: none;
      background: Highlight;
      color: HighlightText;
    }
    button:disabled,
    input:not([type='radio']):disabled,
    select:disabled {
      opacity: 1;
      color: GrayText;
      border-color: GrayText;
    }
    button[aria-pressed='true'] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
    input[type='range']::-webkit-slider-runnable-track {
      forced-color-adjust: none;
      background: CanvasText;
    }
    input[type='range']::-moz-range-track {
      forced-color-adjust: none;
      background: CanvasText;
    }
    input[type='range']::-webkit-slider-thumb {
      forced-color-adjust: none;
      background: Highlight;
    }
    input[type='range']::-moz-range-thumb {
      forced-color-adjust: none;
      background: Highlight;
    }
    progress {
      border: 1px solid CanvasText !important;
      forced-color-adjust: none;
      background: Canvas !important;
    }
    progress::-webkit-progress-bar {
      background: Canvas !important;
    }
    progress::-webkit-progress-value {
      background: Highlight !important;
    }
    progress::-moz-progress-bar {
      background: Highlight !important;
    }
  }
  ${visuallyHidden}
`;

import { css } from 'lit';

/** Buttons and text as the panel has them; the colours are the page's tokens. */
export const bar = css`
  :host {
    display: block;
    position: sticky;
    top: 0;
    z-index: 1;
    font:
      13px/1.4 system-ui,
      sans-serif;
    color: var(--lway-text);
    background: var(--lway-raised);
    border-bottom: 1px solid var(--lway-line);
    padding: 10px 16px;
  }
  p {
    margin: 0 0 8px;
  }
  button {
    font: inherit;
    height: 28px;
    padding: 0 12px;
    color: inherit;
    background: transparent;
    border: 1px solid var(--lway-field-line);
    border-radius: 6px;
  }
  button:hover {
    background: var(--lway-hover);
  }
  button:focus-visible {
    outline: 2px solid var(--lway-focus);
    outline-offset: 1px;
  }
`;

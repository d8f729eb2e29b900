import { css } from 'lit';

/** Buttons and fields of the editor's bars. */
export const bar = css`
  * {
    box-sizing: border-box;
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-width: 30px;
    height: 30px;
    padding: 0 8px;
    border: 0;
    border-radius: 6px;
    background: none;
    white-space: nowrap;
  }
  button svg {
    flex: none;
    width: 16px;
    height: 16px;
  }
  button:hover:not(:disabled) {
    background: var(--lway-hover);
  }
  button:disabled {
    opacity: 0.38;
  }
  button[aria-pressed='true'] {
    background: var(--lway-selected);
    box-shadow: inset 0 -2px 0 var(--lway-mark);
  }
  select {
    height: 26px;
    max-width: 180px;
    padding: 0 6px;
    border: 1px solid var(--lway-field-line);
    border-radius: 6px;
    background: var(--lway-field);
    text-overflow: ellipsis;
  }
  :is(button, select, input):focus-visible {
    outline: 2px solid var(--lway-focus);
    outline-offset: 1px;
  }
  .rule {
    width: 1px;
    height: 20px;
    margin: 0 6px;
    background: var(--lway-line);
  }
  .gap {
    flex: 1;
  }
  .group {
    display: flex;
    gap: 2px;
  }
  @media (forced-colors: active) {
    button[aria-pressed='true'] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
    button:disabled {
      opacity: 1;
      color: GrayText;
    }
  }
`;

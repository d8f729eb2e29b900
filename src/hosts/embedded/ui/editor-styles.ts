import { css } from 'lit';
import { visuallyHidden } from '../../../ui/styles';

/** How the parts of the editor lie: beside each other, and one below the other in narrow windows. */
export const layout = css`
  :host {
    display: grid;
    grid-template: auto 1fr auto auto / minmax(0, 1fr) 320px;
    grid-template-areas: 'bar bar' 'view side' 'queue side' 'status side';
    height: 100%;
    background: var(--lway-surface);
    position: relative;
  }
  * {
    box-sizing: border-box;
  }
  header {
    grid-area: bar;
  }
  main {
    grid-area: view;
    display: grid;
    grid-template-rows: auto auto 1fr;
    min-width: 0;
    min-height: 0;
  }
  footer {
    grid-area: status;
  }
  ::slotted([slot='queue']) {
    grid-area: queue;
    min-width: 0;
  }
  aside {
    grid-area: side;
    display: flex;
    flex-direction: column;
    min-height: 0;
    border-inline-start: 1px solid var(--lway-line);
  }
  .empty {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 12px;
    padding: 24px;
    text-align: center;
    color: var(--lway-text-2);
    background: var(--lway-desk);
  }
  .empty button {
    font: inherit;
    color: var(--lway-text);
    height: 32px;
    padding: 0 16px;
    border-radius: 6px;
    border: 1px solid var(--lway-field-line);
    background: var(--lway-raised);
  }
  button:focus-visible {
    outline: 2px solid var(--lway-focus);
    outline-offset: 1px;
  }
  .panel {
    flex: 1 1 auto;
    min-height: 0;
    overflow-y: auto;
    scrollbar-width: thin;
    /* What has the focus is not hidden by the panel's button (WCAG 2.4.11). */
    scroll-padding-bottom: 88px;
  }
  .layers {
    flex: none;
    max-height: 34%;
    overflow-y: auto;
    scrollbar-width: thin;
    padding: 8px 10px 12px;
    border-top: 1px solid var(--lway-line);
  }
  /* Over the picture: buttons and the queue stay free. */
  .messages {
    grid-area: view;
    align-self: end;
    justify-self: start;
    z-index: 3;
    display: grid;
    gap: 8px;
    margin: 16px;
    max-width: min(440px, calc(100% - 32px));
  }
  .message {
    display: flex;
    justify-content: space-between;
    gap: 12px;
    padding: 12px 14px;
    border-radius: 8px;
    background: var(--lway-raised);
    border: 1px solid var(--lway-line);
    border-inline-start: 3px solid var(--lway-danger);
    box-shadow: 0 8px 24px rgb(0 0 0 / 22%);
    overflow-wrap: anywhere;
  }
  .message.info {
    border-inline-start-color: var(--lway-mark);
  }
  .message p {
    margin: 0;
  }
  .message p + p {
    margin-top: 2px;
    color: var(--lway-text-2);
  }
  .message button {
    font: inherit;
    align-self: start;
    min-width: 24px;
    min-height: 24px;
    border: 0;
    background: none;
    border-radius: 4px;
    color: var(--lway-text-2);
  }
  .drop {
    position: absolute;
    z-index: 4;
    inset: 8px;
    display: grid;
    place-items: center;
    border: 2px dashed var(--lway-mark);
    border-radius: 12px;
    background: color-mix(in srgb, var(--lway-surface) 82%, transparent);
    font-size: 15px;
    text-align: center;
    pointer-events: none;
  }
  ${visuallyHidden}
  @media (max-width: 720px) {
    :host {
      grid-template: auto minmax(200px, 44vh) auto auto auto / minmax(0, 1fr);
      grid-template-areas: 'bar' 'view' 'queue' 'status' 'side';
      height: auto;
      min-height: 100%;
    }
    aside {
      border-inline-start: 0;
      border-top: 1px solid var(--lway-line);
      min-width: 0;
    }
    .panel {
      overflow-y: visible;
    }
    .layers {
      max-height: none;
    }
    /* The panel's button stays at the bottom of the window. */
    .messages {
      position: fixed;
      top: 0;
    }
  }
`;

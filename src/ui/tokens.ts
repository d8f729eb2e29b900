import { css, unsafeCSS } from 'lit';

const light = `
  color-scheme: light;
  --lway-desk: #dcdee1;
  --lway-surface: #f6f6f7;
  --lway-raised: #ffffff;
  --lway-field: #ffffff;
  --lway-line: #d3d5d9;
  --lway-field-line: #83878e;
  --lway-text: #1d1e21;
  --lway-text-2: #5b5f67;
  --lway-accent: #1d63d2;
  --lway-mark: #1d63d2;
  --lway-accent-hover: #1757bd;
  --lway-on-accent: #ffffff;
  --lway-hover: rgb(0 0 0 / 6%);
  --lway-selected: rgb(29 99 210 / 13%);
  --lway-track: #e0e2e5;
  --lway-slider: #b9bdc3;
  --lway-thumb: #ffffff;
  --lway-focus: #1d63d2;
  --lway-danger: #b3261e;
  --lway-danger-bg: #fceceb;
  --lway-warn: #7a5200;
  --lway-warn-bg: #fdf3dc;
  --lway-good: #1a6b3a;
  --lway-curve-2: #b4690e;
`;

const dark = `
  color-scheme: dark;
  --lway-desk: #161719;
  --lway-surface: #232427;
  --lway-raised: #2c2e31;
  --lway-field: #1a1b1d;
  --lway-line: #404348;
  --lway-field-line: #7d828b;
  --lway-text: #e7e8ea;
  --lway-text-2: #a2a6ad;
  --lway-accent: #2b6fdd;
  --lway-accent-hover: #2463c8;
  --lway-mark: #5c97ff;
  --lway-on-accent: #ffffff;
  --lway-hover: rgb(255 255 255 / 8%);
  --lway-selected: rgb(76 141 255 / 22%);
  --lway-track: #17181a;
  --lway-slider: #55595f;
  --lway-thumb: #43464b;
  --lway-focus: #6ea4ff;
  --lway-danger: #ff9d94;
  --lway-danger-bg: #3a2321;
  --lway-warn: #f0c26a;
  --lway-warn-bg: #352c1a;
  --lway-good: #7fd09b;
  --lway-curve-2: #e8a657;
`;

/**
 * The colours of panel and editor, as custom properties of the page: `accent` lies under text, `mark` draws lines, bars
 * and handles on any ground. Text is at least 4.5 : 1 on its ground, what is drawn 3 : 1 (WCAG 2.2 AA). Follows the system; `data-theme="light"` or
 * `"dark"` on the root element overrules it, for editors that have a theme of their own.
 */
export const tokens = css`
  :root {
    ${unsafeCSS(light)}
    --lway-font: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      ${unsafeCSS(dark)}
    }
  }
  :root[data-theme='light'] {
    ${unsafeCSS(light)}
  }
  :root[data-theme='dark'] {
    ${unsafeCSS(dark)}
  }
  html {
    /* What has the focus is not hidden by the panel's buttons, two rows and a line in a narrow panel (WCAG 2.4.11). */
    scroll-padding-bottom: 128px;
  }
  html,
  body {
    height: 100%;
    margin: 0;
    background: var(--lway-surface);
    color: var(--lway-text);
    font: 13px/1.45 var(--lway-font);
    -webkit-text-size-adjust: 100%;
  }
`;

/** Puts the tokens on the page. Constructed style sheets need no exception in the content security policy. */
export function applyTokens(root: Document = document): void {
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, tokens.styleSheet!];
}

import { html, svg, type TemplateResult } from 'lit';

/** A drawing of 16 × 16 in the colour of the text around it. */
function icon(paths: ReturnType<typeof svg>, width = 1.4): TemplateResult {
  return html`<svg
    viewBox="0 0 16 16"
    fill="none"
    stroke="currentColor"
    stroke-width=${width}
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;
}

export const icons = {
  undo: icon(svg`<path d="M5.5 3 2.5 6l3 3M2.8 6H9.5a3.7 3.7 0 0 1 0 7.4H6" />`),
  redo: icon(svg`<path d="m10.5 3 3 3-3 3M13.2 6H6.5a3.7 3.7 0 0 0 0 7.4H10" />`),
  hand: icon(
    svg`<path d="M5.2 8.2V3.6a1 1 0 0 1 2 0V7m0-.4V2.4a1 1 0 0 1 2 0V7m0-3.4a1 1 0 0 1 2 0v4m0-1.8a1 1 0 0 1 2 0v4c0 2.6-1.6 4.4-4.2 4.4-2 0-3-.8-3.9-2.3L2.9 9.4c-.6-1 .8-1.9 1.6-1l.7.8" />`,
    1.3,
  ),
  select: icon(svg`<rect x="2.2" y="3.2" width="11.6" height="9.6" stroke-dasharray="2.4 2" />`),
  minus: icon(svg`<path d="M4 8h8" />`),
  plus: icon(svg`<path d="M4 8h8M8 4v8" />`),
  up: icon(svg`<path d="M8 13V3.5M4 7l4-4 4 4" />`),
  down: icon(svg`<path d="M8 3v9.5M4 9l4 4 4-4" />`),
  pencil: icon(svg`<path d="m10.8 3.2 2 2-7.3 7.3-2.7.7.7-2.7Z" />`, 1.3),
  bin: icon(svg`<path d="M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.5M9.2 7v3.5" />`, 1.2),
  compare: icon(
    svg`<rect x="2" y="3" width="12" height="10" rx="1" /><path d="M8 1.5v13" /><path d="M4 10.5 6 8" />`,
    1.3,
  ),
  eye: icon(
    svg`<path d="M1.2 8S3.6 3.6 8 3.6 14.8 8 14.8 8 12.4 12.4 8 12.4 1.2 8 1.2 8Z" /><circle cx="8" cy="8" r="2.1" />`,
    1.2,
  ),
  eyeClosed: icon(
    svg`<path d="M1.2 7.2S3.6 11 8 11s6.8-3.8 6.8-3.8M3.2 9.6 1.9 11.3M6.2 10.8l-.5 2M9.8 10.8l.5 2M12.8 9.6l1.3 1.7" />`,
    1.2,
  ),
  pause: icon(svg`<path d="M5.5 3.5v9M10.5 3.5v9" />`, 1.8),
  play: icon(svg`<path d="M5 3.2v9.6l7.5-4.8Z" />`),
  retry: icon(svg`<path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8" />`),
};

export const logo = html`<svg viewBox="0 0 20 20" fill="currentColor" aria-hidden="true">
  <rect x="1" y="13" width="6" height="6" rx="1.2" />
  <path d="M4 1h13.5A1.5 1.5 0 0 1 19 2.5V16h-2.4V5.1L9.9 11.8 8.2 10.1l6.7-6.7H4z" />
</svg>`;

import { css, html, LitElement, nothing, svg } from 'lit';
import type { CurvePoint } from '../controller';
import { shared } from './styles';

const width = 240;
const height = 56;

/** The loss on the patches that are learned from and on those held out, step by step; falling is good. */
export class LossCurve extends LitElement {
  static override properties = { points: { attribute: false } };
  declare points: readonly CurvePoint[];

  static override styles = [
    shared,
    css`
      svg {
        display: block;
        width: 100%;
        height: ${height}px;
        overflow: visible;
      }
      polyline {
        fill: none;
        stroke-width: 1.5;
        stroke-linejoin: round;
        vector-effect: non-scaling-stroke;
      }
      .training {
        stroke: var(--lway-accent);
        opacity: 0.75;
      }
      .held-out {
        stroke: var(--lway-curve-2);
        stroke-width: 2;
      }
      line {
        stroke: var(--lway-line);
        vector-effect: non-scaling-stroke;
      }
      .legend {
        display: flex;
        gap: 14px;
        margin-top: 4px;
        font-size: 11px;
        color: var(--lway-text-2);
      }
      .legend span::before {
        content: '';
        display: inline-block;
        width: 10px;
        height: 2px;
        margin-inline-end: 5px;
        vertical-align: middle;
        background: var(--lway-accent);
      }
      .legend .second::before {
        background: var(--lway-curve-2);
      }
    `,
  ];

  override render() {
    const { points } = this;
    if (points.length < 2) return nothing;
    const heldOut = points.filter((point) => point.heldOut !== undefined);
    const values = [...points.map(({ loss }) => loss), ...heldOut.map((point) => point.heldOut!)].filter(
      Number.isFinite,
    );
    const low = Math.min(...values);
    const high = Math.max(...values);
    const last = points.at(-1)!.step || 1;
    const place = (step: number, value: number) =>
      `${((step / last) * width).toFixed(1)},${(4 + (1 - (value - low) / (high - low || 1)) * (height - 8)).toFixed(1)}`;
    const line = (pairs: readonly (readonly [number, number])[]) =>
      pairs
        .filter(([, value]) => Number.isFinite(value))
        .map(([step, value]) => place(step, value))
        .join(' ');
    return html`<svg
        viewBox="0 0 ${width} ${height}"
        preserveAspectRatio="none"
        role="img"
        aria-label=${this.describe(heldOut)}
      >
        ${svg`<line x1="0" y1=${height} x2=${width} y2=${height} />
        <polyline class="training" points=${line(points.map(({ step, loss }) => [step, loss]))} />
        <polyline class="held-out" points=${line(heldOut.map((point) => [point.step, point.heldOut!]))} />`}
      </svg>
      <div class="legend" aria-hidden="true"><span>Learning</span><span class="second">Check</span></div>`;
  }

  private describe(heldOut: readonly CurvePoint[]): string {
    const first = heldOut[0]?.heldOut;
    const last = heldOut.at(-1)?.heldOut;
    if (!first || last === undefined) return 'Curve of the loss while learning.';
    const change = Math.round((1 - last / first) * 100);
    return `Curve of the loss: on parts held out for checking it ${change >= 0 ? 'fell' : 'rose'} by ${Math.abs(change)} %.`;
  }
}

customElements.define('lway-loss-curve', LossCurve);

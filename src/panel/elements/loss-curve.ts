import { css, html, LitElement, nothing, svg } from 'lit';
import type { CurvePoint } from '../state';
import { shared } from '../../ui/styles';

const width = 240;
const height = 56;

interface Sample {
  step: number;
  value: number;
}

/** Running mean that forgets, without what is not a number. */
function smoothed(samples: readonly Sample[]): Sample[] {
  let mean: number | null = null;
  return samples
    .filter(({ value }) => Number.isFinite(value))
    .map(({ step, value }) => ({ step, value: (mean = mean === null ? value : 0.7 * mean + 0.3 * value) }));
}

function relative(samples: readonly Sample[]): Sample[] {
  const finite = samples.filter(({ value }) => Number.isFinite(value));
  const first = finite[0]?.value || 1;
  return finite.map(({ step, value }) => ({ step, value: value / first }));
}

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
        stroke: var(--lway-mark);
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
        background: var(--lway-mark);
      }
      .legend .second::before {
        background: var(--lway-curve-2);
      }
    `,
  ];

  override render() {
    const { points } = this;
    if (points.length < 2) return nothing;
    // Two losses of different size: each is shown as a share of where it began. What is learned from changes with every
    // step, so that only its course is of interest.
    const training = relative(smoothed(points.map(({ step, loss }) => ({ step, value: loss }))));
    const checked = points.flatMap(({ step, heldOut }) => (heldOut === undefined ? [] : [{ step, value: heldOut }]));
    const heldOut = relative(checked);
    const values = [...training, ...heldOut].map(({ value }) => value);
    const low = Math.min(...values);
    const high = Math.max(...values);
    const last = points.at(-1)!.step || 1;
    const line = (pairs: readonly Sample[]) =>
      pairs
        .map(({ step, value }) => {
          const x = (step / last) * width;
          const y = 4 + (1 - (value - low) / (high - low || 1)) * (height - 8);
          return `${x.toFixed(1)},${y.toFixed(1)}`;
        })
        .join(' ');
    return html`<svg
        viewBox="0 0 ${width} ${height}"
        preserveAspectRatio="none"
        role="img"
        aria-label=${this.describe(checked)}
      >
        ${svg`<line x1="0" y1=${height} x2=${width} y2=${height} />
        <polyline class="training" points=${line(training)} />
        <polyline class="held-out" points=${line(heldOut)} />`}
      </svg>
      <div class="legend" aria-hidden="true"><span>Learning</span><span class="second">Check</span></div>`;
  }

  private describe(heldOut: readonly Sample[]): string {
    const first = heldOut[0]?.value;
    const last = heldOut.at(-1)?.value;
    if (!first || last === undefined) return 'Loss while learning.';
    const change = Math.round((1 - last / first) * 100);
    return `Loss while learning: on the parts held out for checking, it ${change >= 0 ? 'fell' : 'rose'} by ${Math.abs(change)} %.`;
  }
}

customElements.define('lway-loss-curve', LossCurve);

import { css, html, LitElement, nothing } from 'lit';
import type { PanelState, RunningJob } from '../state';
import { deviceName, phaseName, progressText } from '../messages';
import './learning';
import './loss-curve';
import { shared } from '../../ui/styles';

/** A running upscale: phase, progress, curve, and the ways to end it. Fires `cancel` and `enough`. */
export class JobProgress extends LitElement {
  static override properties = { job: { attribute: false }, device: { attribute: false }, what: {} };
  declare job: RunningJob;
  /** The settings of this upscale, in short. */
  declare what: string;
  declare device: PanelState['device'];

  static override styles = [
    shared,
    css`
      :host(:focus) {
        outline: none;
      }
      .title {
        font-weight: 600;
      }
      progress {
        display: block;
        width: 100%;
        height: 6px;
        margin: 8px 0 6px;
        appearance: none;
        border: 0;
        border-radius: 3px;
        overflow: hidden;
        background: var(--lway-track);
      }
      progress::-webkit-progress-bar {
        background: var(--lway-track);
      }
      progress::-webkit-progress-value {
        background: var(--lway-mark);
        border-radius: 3px;
        transition: inline-size 0.2s ease-out;
      }
      progress::-moz-progress-bar {
        background: var(--lway-mark);
      }
      progress:indeterminate {
        background: linear-gradient(90deg, var(--lway-track) 30%, var(--lway-mark) 50%, var(--lway-track) 70%) 0 0 /
          200% 100%;
        animation: pass 1.6s linear infinite;
      }
      progress:indeterminate::-webkit-progress-bar {
        background: none;
      }
      @keyframes pass {
        from {
          background-position: 200% 0;
        }
        to {
          background-position: 0 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        progress:indeterminate {
          animation: none;
        }
        progress::-webkit-progress-value {
          transition: none;
        }
      }
      lway-loss-curve {
        margin-top: 12px;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 12px;
      }
      .buttons button {
        flex: 1 1 auto;
      }
    `,
  ];

  override render() {
    const { job, device } = this;
    const { progress, phase } = job;
    return html`<p class="title">${phaseName(phase)}</p>
      <p class="hint numbers">${this.what}</p>
      <progress
        aria-label=${phaseName(phase)}
        max=${progress?.total ?? nothing}
        value=${progress ? Math.min(progress.done, progress.total) : nothing}
      ></progress>
      <p class="hint numbers">${progressText(job)}</p>
      ${device ? html`<p class="hint">${deviceName(device)}</p>` : nothing}
      <p class="visually-hidden" aria-live="polite">${this.announcement()}</p>
      ${
        job.learning && phase === 'adapting' ? html`<lway-learning .learning=${job.learning}></lway-learning>` : nothing
      }
      <lway-loss-curve .points=${job.curve}></lway-loss-curve>
      <div class="buttons">
        ${
          phase === 'adapting'
            ? html`<button
                ?disabled=${job.stopping || job.cancelling}
                @click=${() => this.dispatchEvent(new CustomEvent('enough'))}
              >
                ${job.stopping ? 'Stopping…' : 'Stop early and keep'}
              </button>`
            : nothing
        }
        <button ?disabled=${job.cancelling} @click=${() => this.dispatchEvent(new CustomEvent('cancel'))}>
          Cancel
        </button>
      </div>`;
  }

  private announcement(): string {
    const { phase, progress } = this.job;
    if (!progress) return phaseName(phase);
    const quarter = Math.floor((4 * progress.done) / progress.total) * 25;
    return quarter > 0 ? `${phaseName(phase)}: ${quarter} %` : phaseName(phase);
  }
}

customElements.define('lway-job-progress', JobProgress);

import { css, html, LitElement } from 'lit';
import { knobs } from '../../engine';
import { shared } from '../../ui/styles';
import type { PanelController } from '../controller';
import type { TryOut } from '../try-out';
import './try-out-tile';
import type { TriedPace } from './try-out-tile';

/**
 * A piece of the picture by up to four choices side by side, before anything is done. Choosing one sets it. Fires `close`.
 */
export class TryOutCard extends LitElement {
  static override properties = {
    controller: { attribute: false },
    tryOut: { attribute: false },
    scale: { type: Number },
    revision: { attribute: false },
  };
  declare controller: PanelController;
  declare tryOut: TryOut;
  declare scale: number;
  /** Changes with the settings, which the controller holds. */
  declare revision: unknown;

  static override styles = [
    shared,
    css`
      section {
        padding: 12px;
        border: 1px solid var(--lway-line);
        border-radius: 8px;
        background: var(--lway-raised);
      }
      .top {
        display: flex;
        justify-content: space-between;
        margin-bottom: 2px;
      }
      .top button {
        height: 24px;
        min-width: 24px;
      }
      b {
        font-weight: 600;
      }
      .grid {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(92px, 1fr));
        gap: 8px;
        margin-top: 8px;
      }
    `,
  ];

  override render() {
    const { tryOut, controller } = this;
    const { settings } = controller.state;
    const chosen = (choice: TryOut['choices'][number]) =>
      (['model', ...knobs] as const).every((key) => choice.settings[key] === settings[key]);
    return html`<section aria-label="Preview">
      <div class="top">
        <b>Preview</b>
        <button
          class="quiet end"
          aria-label="Close the preview"
          @click=${() => this.dispatchEvent(new CustomEvent('close'))}
        >
          ✕
        </button>
      </div>
      <p class="hint">
        ${controller.services.pointed ? 'Click in the picture to see another part. ' : ''}Choose the one you like; all
        are before matching.
      </p>
      <div class="grid">
        <lway-try-out-tile
          label="Before"
          .services=${controller.services}
          .tryOut=${tryOut}
          .scale=${this.scale}
          .settings=${null}
        ></lway-try-out-tile>
        ${tryOut.choices.map(
          (choice) =>
            html`<lway-try-out-tile
              .label=${choice.name}
              .services=${controller.services}
              .tryOut=${tryOut}
              .scale=${this.scale}
              .settings=${controller.suitedTo(choice.settings)}
              .chosen=${chosen(choice)}
              @choose=${() => controller.change(choice.settings)}
              @pace=${({ detail }: CustomEvent<TriedPace>) => controller.tried(detail.network, detail.megapixel)}
            ></lway-try-out-tile>`,
        )}
      </div>
    </section>`;
  }
}

customElements.define('lway-try-out-card', TryOutCard);

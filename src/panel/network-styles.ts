import { styleName, suitingFactor } from '../actions/network-style';
import { maxScale } from '../actions/size';
import type { UpscaleSettings } from '../actions/settings';
import { nothingTunable, tunable } from '../engine';
import type { NetworkChoice } from './services';

/** A way to upscale, as the person chooses it: one network, or the networks of several scales that go by one name. */
export interface Style {
  /** Id of the network that stands for it. */
  readonly id: string;
  readonly name: string;
  readonly own: boolean;
  readonly choices: readonly NetworkChoice[];
}

/** The networks grouped into styles, in their order. */
export function stylesOf(networks: readonly NetworkChoice[]): Style[] {
  const styles: { id: string; name: string; own: boolean; choices: NetworkChoice[] }[] = [];
  for (const choice of networks) {
    const name = styleName(choice.entry);
    const known = choice.own ? undefined : styles.find((style) => !style.own && style.name === name);
    if (known) known.choices.push(choice);
    else styles.push({ id: choice.entry.id, name, own: choice.own, choices: [choice] });
  }
  return styles;
}

/** The factor that a size asks of a picture. */
export function factorOf(size: UpscaleSettings['size'], input: { width: number; height: number } | null): number {
  if ('scale' in size) return size.scale;
  return input ? Math.min(size.width / input.width, size.height / input.height) : maxScale;
}

/** The network of a style that suits a factor: the smallest that reaches it, or the largest there is. */
export function networkFor(style: Style, factor: number): NetworkChoice {
  return suitingFactor(style.choices, factor, ({ entry }) => entry.scale);
}

/** The style that a network belongs to; the first where it is not there. */
export function styleOf(styles: readonly Style[], id: string): Style | undefined {
  return styles.find(({ choices }) => choices.some(({ entry }) => entry.id === id)) ?? styles[0];
}

/** The settings as they can be carried out for a picture of this size: size first, the network follows. */
export function suited(
  settings: UpscaleSettings,
  networks: readonly NetworkChoice[],
  input: { width: number; height: number } | null,
): UpscaleSettings {
  const { detail, noise, blur, ...rest } = settings;
  const style = styleOf(stylesOf(networks), settings.model);
  const chosen = style && networkFor(style, factorOf(settings.size, input));
  if (!chosen) return { ...rest, model: 'default' };
  const can = chosen.own ? nothingTunable : tunable(chosen.entry);
  return {
    ...rest,
    model: chosen.entry.id,
    ...(detail !== undefined && can.detail ? { detail } : {}),
    ...(noise !== undefined && can.noise ? { noise } : {}),
    ...(blur !== undefined && can.blur ? { blur } : {}),
  };
}

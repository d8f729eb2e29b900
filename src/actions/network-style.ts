import type { NetworkEntry } from '../engine';

/** The name without the scale: “LWay Crisp ×4” and “LWay Crisp ×2” are one style. */
export function styleName({ name, scale }: Pick<NetworkEntry, 'name' | 'scale'>): string {
  const suffix = `×${scale}`;
  return name.endsWith(suffix) ? name.slice(0, -suffix.length).trim() : name;
}

/**
 * Of networks that go by one name, the one that suits a factor: the smallest that reaches it, or the largest there is.
 *
 * @param scaleOf how many times a network enlarges
 */
export function suitingFactor<T>(networks: readonly T[], factor: number, scaleOf: (network: T) => number): T {
  const byScale = [...networks].sort((a, b) => scaleOf(a) - scaleOf(b));
  return byScale.find((network) => scaleOf(network) >= factor - 1e-6) ?? byScale.at(-1)!;
}

import type { DocumentState, Layer } from '../workspace';

/** Two layers of one document, compared on the canvas. */
export interface Comparison {
  /** Left of the divider. */
  readonly first: Layer;
  /** Right of it: the active layer. */
  readonly second: Layer;
  /** Id of the layer that the active one was made from. */
  readonly origin: string | null;
  /** Only this one is shown, without a divider. */
  readonly only: 'first' | 'second' | null;
}

/** What can be compared with the active layer, the layer that it was made from first. */
export function comparable({ layers, activeId }: DocumentState): Layer[] {
  const active = layers.find(({ id }) => id === activeId);
  if (!active) return [];
  const others = layers.filter((layer) => layer !== active);
  return others.sort((a, b) => Number(b.id === active.madeFrom) - Number(a.id === active.madeFrom));
}

/**
 * Compares the active layer.
 * @param chosen the other one, where it is there; otherwise the first of {@link comparable}
 */
export function comparisonOf(state: DocumentState, chosen: string | null, only: Comparison['only']): Comparison | null {
  const others = comparable(state);
  const second = state.layers.find(({ id }) => id === state.activeId);
  const first = others.find(({ id }) => id === chosen) ?? others[0];
  return first && second ? { first, second, origin: second.madeFrom ?? null, only } : null;
}

/** What is seen when `top`, hidden or not, lies on top: itself and the visible layers below it. */
export function stackUpTo(layers: readonly Layer[], top: Layer): Layer[] {
  const at = layers.findIndex(({ id }) => id === top.id);
  return layers.slice(at).filter((layer) => layer.id === top.id || layer.visible);
}

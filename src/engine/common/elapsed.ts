/** @param began what `performance.now()` was then */
export function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}

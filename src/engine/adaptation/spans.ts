/** Starts of as many spans of `side` as fit into `length` without overlap, spread evenly; one alone lies in the middle. */
export function spanStarts(length: number, side: number): number[] {
  const count = Math.floor(length / side);
  return Array.from({ length: count }, (_, i) =>
    count === 1 ? Math.floor((length - side) / 2) : Math.floor((i * (length - side)) / (count - 1)),
  );
}

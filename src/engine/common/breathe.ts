/** Milliseconds of work after which whoever else waits for this thread gets a turn: less than a frame. */
const turn = 10;
let last = 0;
/** As it is when the engine is loaded: a test that stops the clock for what watches the engine does not stop the engine. */
const soon = setTimeout;

/**
 * To be awaited in long loops, and after whatever computes on the same thread: lets a page draw and react, and a worker hear what it is
 * told, when it has not for a while.
 * Promises alone do not: what they continue comes before everything else that waits.
 */
export async function breathe(): Promise<void> {
  if (performance.now() - last < turn) return;
  await new Promise<void>((resolve) => soon(resolve));
  last = performance.now();
}

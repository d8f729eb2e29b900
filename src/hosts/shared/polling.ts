/**
 * For editors that report no change: looks again and again, and calls back when what is seen has become another. A look
 * that fails is left out: the editor is busy or gone, and the next call to it will say so.
 *
 * @param look what there is to see, as data
 * @param interval milliseconds between looks; none begins before the one before has ended
 * @returns how to stop
 */
export function poll(look: (signal: AbortSignal) => Promise<unknown>, listener: () => void, interval: number) {
  const stop = new AbortController();
  let before: string | null = null;
  let looking = false;
  const again = async () => {
    if (looking) return;
    looking = true;
    try {
      const now = JSON.stringify(await look(stop.signal));
      if (before !== null && now !== before && !stop.signal.aborted) listener();
      before = now;
    } catch {
      // As said above.
    } finally {
      looking = false;
    }
  };
  void again();
  const timer = setInterval(() => void again(), interval);
  return () => {
    stop.abort();
    clearInterval(timer);
  };
}

const prefix = 'lway-tiles-';
/** Milliseconds, a day: where the page has no Web Locks, spills of this age are taken for abandoned. */
const abandonedAfter = 86_400_000;

/**
 * A name for a spill, locked (Web Locks) for as long as the page lives or until it is released: what a closed or
 * crashed page left behind can be told from what another one is using.
 */
export async function claimName(): Promise<{ name: string; release: () => void }> {
  const name = `${prefix}${Date.now()}-${Math.random().toString(36).slice(2, 10)}`;
  const locks = webLocks();
  if (!locks) return { name, release: () => undefined };
  return new Promise((resolve, reject) => {
    locks
      .request(name, () => new Promise<void>((release) => resolve({ name, release: () => release() })))
      .catch(reject);
  });
}

/** Calls `remove` for each of `names` that is a spill which no living page holds; failures are left for next time. */
export async function removeAbandoned(names: readonly string[], remove: (name: string) => Promise<unknown>) {
  const locks = webLocks();
  const held = locks ? new Set((await locks.query()).held?.map((lock) => lock.name)) : null;
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const age = Date.now() - Number.parseInt(name.slice(prefix.length), 10);
    if (held ? held.has(name) : age < abandonedAfter) continue;
    await remove(name).catch(() => undefined);
  }
}

/** Undefined in insecure contexts and old WebViews, whatever the types say. */
function webLocks(): LockManager | undefined {
  return (navigator as { locks?: LockManager }).locks;
}

import { claimName, removeAbandoned } from '../../../../src/engine/raster/store/page-lease.browser';

// Whose spills are whose, in browsers with Web Locks and without; with the browser's own locks in tests/browser.

const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
const browser = (navigator: object) =>
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true, writable: true });
afterEach(() => {
  if (before) Object.defineProperty(globalThis, 'navigator', before);
  else browser({});
});

/** Web Locks of one page, as far as they are used. */
function locks() {
  const held = new Set<string>();
  return {
    held,
    request: async (name: string, work: () => Promise<void>) => {
      held.add(name);
      await work();
      held.delete(name);
    },
    query: async () => ({ held: [...held].map((name) => ({ name })) }),
  };
}

const removed = async (names: readonly string[]) => {
  const all: string[] = [];
  await removeAbandoned(names, async (name) => void all.push(name));
  return all;
};
const hours = (age: number) => `lway-tiles-${Date.now() - age * 3_600_000}-abc`;

test('a name is held until it is released, and no two are the same', async () => {
  const own = locks();
  browser({ locks: own });
  const [one, other] = [await claimName(), await claimName()];
  expect(one.name).toMatch(/^lway-tiles-\d+-[0-9a-z]{4,8}$/);
  expect(one.name).not.toBe(other.name);
  expect([...own.held]).toEqual([one.name, other.name]);
  one.release();
  await new Promise((resolve) => setTimeout(resolve));
  expect([...own.held]).toEqual([other.name]);
});

test('a name that the browser refuses to lock is an error', async () => {
  browser({ locks: { request: () => Promise.reject(new Error('not here')) } });
  await expect(claimName()).rejects.toThrow('not here');
});

test('with locks, what no page holds is removed, however new it is; what is not ours stays', async () => {
  const own = locks();
  browser({ locks: own });
  const { name } = await claimName();
  const [fresh, old] = [hours(0), hours(48)];
  expect(await removed([name, fresh, old, 'other', 'x-lway-tiles-1'])).toEqual([fresh, old]);
});

test('where the browser does not say which are held, none is', async () => {
  browser({ locks: { query: async () => ({}) } });
  expect(await removed(['lway-tiles-1-a'])).toEqual(['lway-tiles-1-a']);
});

test('without locks names are claimed all the same, and what is older than a day is removed', async () => {
  browser({});
  const { name, release } = await claimName();
  release();
  const [old, older] = [hours(24.1), hours(1000)];
  expect(await removed([name, hours(23.9), old, older, 'other'])).toEqual([old, older]);
});

test('what cannot be removed is left for the next time', async () => {
  browser({});
  const tried: string[] = [];
  await removeAbandoned(['lway-tiles-1-a', 'lway-tiles-2-b'], (name) => {
    tried.push(name);
    return Promise.reject(new Error('in use'));
  });
  expect(tried).toEqual(['lway-tiles-1-a', 'lway-tiles-2-b']);
});

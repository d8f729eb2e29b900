import { isMessage, serve } from '../../../src/engine/browser/messages';
import { Watchdog } from '../../../src/engine/browser/watchdog';

const patience = { first: 1000, factor: 3, least: 200, cancel: 50 };

let silences: number;
let abort: AbortController;
let dog: Watchdog;
beforeEach(() => {
  jest.useFakeTimers();
  silences = 0;
  abort = new AbortController();
  dog = new Watchdog(patience, abort.signal, () => silences++);
});
afterEach(() => jest.useRealTimers());

/** Whether it waits for just so long from now on. */
function waits(milliseconds: number): void {
  jest.advanceTimersByTime(milliseconds - 1);
  expect(silences).toBe(0);
  jest.advanceTimersByTime(1);
  expect(silences).toBe(1);
  jest.advanceTimersByTime(10 * milliseconds);
  expect(silences).toBe(1);
}
/** Tiles that take so long each. */
function tiles(...milliseconds: number[]): void {
  for (const each of milliseconds) {
    jest.advanceTimersByTime(each);
    dog.tileDone();
    dog.restart();
  }
}

test('before anything is done it waits long', () => {
  dog.restart();
  waits(1000);
});

test('each sign of life begins the time anew', () => {
  dog.restart();
  jest.advanceTimersByTime(900);
  dog.restart();
  waits(1000);
});

test('one tile does not tell yet how long one takes', () => {
  tiles(10);
  waits(1000);
});

test.each<[number[], number]>([
  [[5, 100], 300],
  [[5, 100, 40], 300],
  [[5, 40, 100], 300],
  [[5, 66], 200],
  [[5, 67], 201],
  [[5, 1], 200],
])('after tiles of %j it waits for %i', (taken, wait) => {
  tiles(...taken);
  waits(wait);
});

test('after a cancel it waits hardly at all', () => {
  tiles(5, 100);
  abort.abort();
  dog.restart();
  waits(50);
});

test('while the page is at work no time passes; what has ended is not watched any more', () => {
  dog.restart();
  dog.pause();
  jest.advanceTimersByTime(5000);
  dog.restart();
  jest.advanceTimersByTime(999);
  dog.stop();
  dog.restart();
  jest.advanceTimersByTime(5000);
  expect(silences).toBe(0);
});

test.each<[unknown, boolean]>([
  [{ type: 'event', job: 3 }, true],
  [{ type: '', job: 0, more: true }, true],
  [{ type: 'event' }, false],
  [{ type: 'event', job: '3' }, false],
  [{ job: 3 }, false],
  [{ type: 3, job: 3 }, false],
  [null, false],
  [undefined, false],
  ['event', false],
])('%j is a message of ours: %p', (data, ours) => {
  expect(isMessage(data)).toBe(ours);
});

test('a call is carried out by the method of its name', async () => {
  interface Methods {
    half(given: number): number;
    twice(given: number): number;
  }
  const served = { half: (given: number) => given / 2, twice: (given: number) => Promise.resolve(2 * given) };
  expect(await serve<Methods>(served, { method: 'half', given: 6 })).toBe(3);
  expect(await serve<Methods>(served, { method: 'twice', given: 6 })).toBe(12);
});

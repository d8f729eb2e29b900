import type { EngineEvent } from '../../src/engine/contract';
import { Pace } from '../../src/panel/pace';

function storage() {
  const kept = new Map<string, string>();
  return {
    kept,
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

interface Played {
  match?: boolean;
  /** There was nothing to learn: it is over as soon as the picture has been looked at. */
  leftAlone?: boolean;
  /** After half of the steps, it is enough. */
  stopped?: boolean;
  /** After half of the steps the device is lost, and a new worker goes on without them. */
  lost?: boolean;
}

/** An upscale of `tiles` tiles, the first of which takes 5 s and every other 2 s, after matching for 30 s. */
function play(pace: Pace, tiles: number, pixels: number, { match, leftAlone, stopped, lost }: Played = {}): void {
  let time = 0;
  const enough = new AbortController();
  const listen = pace.meter('photo', pixels, match ? 'quick' : 'off', enough.signal, () => time);
  const say = (event: EngineEvent, seconds: number) => {
    time += seconds * 1000;
    listen(event);
  };
  say({ type: 'phase', phase: 'preparing' }, 1);
  if (match) {
    say({ type: 'phase', phase: 'adapting' }, 1);
    say({ type: 'progress', done: 1, total: 4, unit: 'analysis' }, 0);
    if (!leftAlone) say({ type: 'progress', done: 3, total: 6, unit: 'step' }, 15);
    if (stopped) enough.abort();
    if (lost) say({ type: 'phase', phase: 'preparing' }, 3);
    say({ type: 'phase', phase: 'upscaling' }, stopped || leftAlone || lost ? 0 : 15);
  } else say({ type: 'phase', phase: 'upscaling' }, 0);
  say({ type: 'progress', done: 0, total: tiles, unit: 'tile' }, 0);
  for (let done = 1; done <= tiles; done++) {
    say({ type: 'progress', done, total: tiles, unit: 'tile' }, done === 1 ? 5 : 2);
  }
}

test('nothing is told before anything was seen', () => {
  expect(new Pace(storage()).estimate('photo', 1e6, 'off')).toBeNull();
});

test('the tiles after the first tell how long another picture takes, and that is kept', () => {
  const kept = storage();
  play(new Pace(kept), 10, 2e6);
  // 10 tiles of 2 s for two megapixels.
  expect(new Pace(kept).estimate('photo', 4e6, 'off')).toBeCloseTo(40);
  expect(new Pace(kept).estimate('other', 4e6, 'off')).toBeNull();
});

test('what has been matched once at a level tells how long that takes again', () => {
  const pace = new Pace(storage());
  play(pace, 10, 2e6, { match: true });
  expect(pace.estimate('photo', 2e6, 'quick')).toBeCloseTo(50);
  expect(pace.estimate('photo', 2e6, 'off')).toBeCloseTo(20);
  expect(pace.estimate('photo', 2e6, 'thorough')).toBeNull();
});

test.each<Played>([{ leftAlone: true }, { stopped: true }, { lost: true }])(
  'a picture whose matching did not run its course (%j) says nothing of how long that takes',
  (ending) => {
    const pace = new Pace(storage());
    play(pace, 10, 2e6, { match: true, ...ending });
    expect(pace.estimate('photo', 2e6, 'quick')).toBeNull();
    expect(pace.estimate('photo', 2e6, 'off')).toBeCloseTo(20);
    play(pace, 10, 2e6, { match: true });
    play(pace, 10, 2e6, { match: true, ...ending });
    expect(pace.estimate('photo', 2e6, 'quick')).toBeCloseTo(50);
  },
);

test('a single tile has to do, until there are more; it takes nothing from those', () => {
  const pace = new Pace(storage());
  play(pace, 1, 1e6);
  expect(pace.estimate('photo', 1e6, 'off')).toBeCloseTo(5);
  play(pace, 10, 2e6);
  play(pace, 1, 1e6);
  expect(pace.estimate('photo', 2e6, 'off')).toBeCloseTo(20);
});

test('a piece that was tried tells something before the first upscale, the quickest the most, and yields to that', () => {
  const kept = storage();
  const pace = new Pace(kept);
  pace.tried('photo', 9);
  pace.tried('photo', 4);
  pace.tried('photo', 6);
  expect(pace.estimate('photo', 2e6, 'off')).toBeCloseTo(8);
  expect(pace.estimate('photo', 2e6, 'quick')).toBeNull();
  expect(new Pace(kept).upscaling('photo', 2e6)).toBeCloseTo(8);
  play(pace, 10, 2e6);
  pace.tried('photo', 1);
  expect(pace.estimate('photo', 2e6, 'off')).toBeCloseTo(20);
});

test('a storage that is broken or refuses costs nothing but the memory', () => {
  const broken = {
    getItem: () => '{"photo": 7',
    setItem: () => {
      throw new Error('full');
    },
  };
  const pace = new Pace(broken);
  play(pace, 10, 2e6);
  expect(pace.estimate('photo', 2e6, 'off')).toBeCloseTo(20);
  const strange = new Pace({ getItem: () => '{"photo": {"megapixel": 3}}', setItem: () => {} });
  play(strange, 10, 2e6);
  expect(strange.estimate('photo', 2e6, 'off')).toBeCloseTo(20);
});

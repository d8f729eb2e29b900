import { jest } from '@jest/globals';
import { Stopwatch } from '../../../src/engine/adaptation/stopwatch';
import { secondsSince } from '../../../src/engine/common/elapsed';

test('times are in seconds, and laps begin where the last one ended', () => {
  let now = 1000;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now);
  try {
    const watch = new Stopwatch();
    now = 3500;
    expect(secondsSince(1000)).toBe(2.5);
    watch.lap('graphs');
    now = 4000;
    watch.lap('steps');
    now = 4250;
    watch.lap('graphs');
    now = 6000;
    expect(watch.split).toEqual({ embedding: 0, graphs: 2.75, sessions: 0, steps: 0.5 });
    expect(watch.seconds).toBe(5);
  } finally {
    clock.mockRestore();
  }
});

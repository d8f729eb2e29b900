import type { UpscaleReport } from '../../src/engine/contract';
import { adaptationText, duration, estimateText, progressText, tuningText } from '../../src/panel/messages';

test.each([
  [0.4, 'less than a second'],
  [12.4, '12 s'],
  [150, '3 min'],
  [3900, '1 h 5 min'],
])('%d seconds are “%s”', (seconds, text) => expect(duration(seconds)).toBe(text));

test('progress is told in tiles and steps, with the time left once it is known', () => {
  const job = { curve: [], learning: null, stopping: false, cancelling: false };
  expect(progressText({ ...job, phase: 'upscaling', progress: { done: 3, total: 12 } })).toBe('Tile 3 of 12');
  expect(progressText({ ...job, phase: 'adapting', progress: { done: 3, total: 12, secondsLeft: 20 } })).toBe(
    'Step 3 of 12 · about 20 s left',
  );
  expect(progressText({ ...job, phase: 'writing', progress: { done: 40, total: 100 } })).toBe('40 %');
});

test('says how Detail, Noise and Blur were set, and why', () => {
  const text = (estimate?: { noise: number; compression: number; jpeg?: number | null }, blur = 0) =>
    tuningText({ tuning: { detail: 50, noise: 20, blur, estimate } } as UpscaleReport);
  expect(text()).toBe('Detail 50 %, noise 20 % cleaned.');
  expect(text({ noise: 9.6, compression: 12, jpeg: 87 })).toMatch(
    /noise of about 10 steps of 255, .*JPEG quality 87\.$/,
  );
  expect(text({ noise: 9.6, compression: 40, jpeg: null })).toMatch(/traces of compression\.$/);
  expect(text({ noise: 9.6, compression: 18, jpeg: null })).toMatch(/255\.$/);
  expect(text({ noise: 1.4, compression: 3 })).toMatch(/noise of about 1 step of 255\.$/);
  expect(text({ noise: 0.3, compression: 3 })).toMatch(/: this picture has hardly any noise\.$/);
  expect(text({ noise: 0.3, compression: 3 }, 60)).toBe(
    'Detail 50 %, noise 20 % cleaned, blur 60 % sharpened: this picture is not quite sharp and has hardly any noise.',
  );
  const tuning = { detail: 50, noise: 0, blur: 0, drawn: 80, estimate: { noise: 0.3, compression: 3, drawn: 0.9 } };
  expect(tuningText({ tuning } as UpscaleReport)).toBe(
    'Detail 50 %, noise 0 % cleaned, 80 % the network for drawings: this picture looks drawn and has hardly any noise.',
  );
  expect(tuningText({} as UpscaleReport)).toBe('');
});

test('says what the adaptation brought, or that it brought nothing', () => {
  const adaptation = { used: true, steps: 84, improvement: 0.234, message: '', seconds: 3 };
  const report = (changes: object) => ({ adaptation: { ...adaptation, ...changes } }) as UpscaleReport;
  expect(adaptationText(report({ message: 'Said by the engine.' }))).toBe('Said by the engine.');
  expect(adaptationText({} as UpscaleReport)).toBe('');
});

test('what is not known of the time is not told', () => {
  expect(estimateText(null, null)).toBe('');
  expect(estimateText(null, 40)).toBe('About 40 s on this machine, plus the time for matching.');
  expect(estimateText(50, 40)).toBe('About 50 s on this machine.');
  expect(estimateText(0.4, 0.4)).toBe('Less than a second on this machine.');
});

import type { UpscaleReport } from '../../src/engine/engine';
import { adaptationText, crispnessText, duration, progressText } from '../../src/panel/words';

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

test.each([
  [0, 'Faithful'],
  [0.4, 'between Faithful and Crisp, 40 %'],
  [1, 'Crisp'],
])('crispness %d is “%s”', (crispness, text) => expect(crispnessText(crispness)).toBe(text));

test('says what the adaptation brought, or that it brought nothing', () => {
  const adaptation = { used: true, steps: 84, improvement: 0.234, message: '', seconds: 3 };
  const report = (changes: object) => ({ adaptation: { ...adaptation, ...changes } }) as UpscaleReport;
  expect(adaptationText(report({}))).toBe('Adapted in 84 steps: agrees 23 % better with your picture.');
  expect(adaptationText(report({ used: false }))).toMatch(/gained nothing/);
  expect(adaptationText(report({ message: 'Said by the engine.' }))).toBe('Said by the engine.');
  expect(adaptationText({} as UpscaleReport)).toBe('');
});

import fc from 'fast-check';
import type { UpscaleSettings } from '../../src/actions/settings';
import { defaultSettings } from '../../src/actions/settings';
import type { Migrations } from '../../src/actions/steps';
import {
  formatSteps,
  fromRecorded,
  keptSettings,
  parseSettings,
  parseSteps,
  stepVersion,
  toRecorded,
} from '../../src/actions/steps';

const complete = {
  model: fc.string({ minLength: 1 }),
  size: fc.oneof(
    fc.record({ scale: fc.double({ min: 1, max: 8, noNaN: true }) }),
    fc.record({ width: fc.integer({ min: 1, max: 1e7 }), height: fc.integer({ min: 1, max: 1e7 }) }),
  ),
  target: fc.constantFrom('layer', 'region'),
  destination: fc.constantFrom('layer', 'document'),
  adapt: fc.constantFrom('off', 'quick', 'standard', 'thorough'),
  strength: fc.double({ min: 0, max: 1, noNaN: true }),
};
const percent = fc.double({ min: 0, max: 100, noNaN: true });
const settings: fc.Arbitrary<UpscaleSettings> = fc.oneof(
  fc.record(complete),
  fc.record({ ...complete, detail: percent }),
  fc.record({ ...complete, detail: percent, noise: percent, blur: percent }),
);

test('a steps file survives its way through JSON', () => {
  fc.assert(
    fc.property(fc.array(settings, { minLength: 1, maxLength: 4 }), (steps) => {
      // JSON has no negative zero.
      const plain = JSON.parse(JSON.stringify(steps)) as UpscaleSettings[];
      expect(parseSteps(JSON.parse(JSON.stringify(formatSteps(steps))))).toEqual(plain);
    }),
  );
});

test('a recorded step survives its way through Photoshop: flat, plain values, keys of our own', () => {
  fc.assert(
    fc.property(settings, (step) => {
      const recorded = toRecorded(step);
      for (const [key, value] of Object.entries(recorded)) {
        expect(key).toMatch(/^com\.lway\.[a-z]+$/);
        expect(['string', 'number', 'boolean']).toContain(typeof value);
      }
      expect(fromRecorded({ ...recorded, _isCommand: false, name: 'Upscale with LWay' })).toEqual(step);
    }),
  );
});

test('what is missing has its default', () => {
  expect(parseSettings({})).toEqual(defaultSettings);
  expect(fromRecorded({ 'com.lway.version': 1 })).toEqual(defaultSettings);
});

test('a step without Detail and Noise stays without, and what is left out is not recorded', () => {
  for (const name of ['detail', 'noise', 'blur']) {
    expect(Object.keys(parseSettings({}))).not.toContain(name);
    expect(Object.keys(toRecorded({ ...defaultSettings, [name]: undefined }))).not.toContain(`com.lway.${name}`);
    expect(toRecorded({ ...defaultSettings, [name]: 40 })).toMatchObject({ [`com.lway.${name}`]: 40 });
  }
});

test('what earlier versions called crispness is Detail', () => {
  const old = (step: object) => ({ format: 'lway-steps', version: 1, steps: [{ action: 'upscale', ...step }] });
  expect(parseSteps(old({ model: 'lway-faithful-x2', crispness: 0.4 }))).toEqual([
    { ...defaultSettings, model: 'lway-crisp-x2', detail: 40 },
  ]);
  expect(parseSteps(old({ model: 'lway-faithful-x2' }))).toEqual([{ ...defaultSettings, model: 'lway-faithful-x2' }]);
  const recorded = { 'com.lway.version': 1, 'com.lway.model': 'lway-crisp-x4', 'com.lway.crispness': 0.75 };
  expect(fromRecorded(recorded)).toEqual({ ...defaultSettings, model: 'lway-crisp-x4', detail: 75 });
  expect(() => parseSteps(old({ crispness: 1.1 }))).toThrow(/"crispness" is 1.1, not a number from 0 to 1/);
});

describe('what cannot be read is said in a sentence', () => {
  const file = (step: object, version: unknown = stepVersion) => ({ format: 'lway-steps', version, steps: [step] });
  test.each([
    [null, /not a file of LWay steps/],
    [[], /not a file of LWay steps/],
    [{ format: 'other' }, /not a file of LWay steps/],
    [{ format: 'lway-steps', version: 1, steps: [] }, /holds no steps/],
    [{ format: 'lway-steps', version: 1 }, /holds no steps/],
    [file({}), /Step 1: .*action is undefined/],
    [file({ action: 'sharpen' }), /Step 1: .*"sharpen", but only "upscale" is known/],
    [file({ action: 'upscale', model: '' }), /"model" is ""/],
    [file({ action: 'upscale', model: 4 }), /"model" is 4/],
    [file({ action: 'upscale', size: { scale: 9 } }), /"scale" is 9, not a number from 1 to 8/],
    [file({ action: 'upscale', size: { scale: '4' } }), /"scale" is "4"/],
    [file({ action: 'upscale', size: { width: 10 } }), /"height" is undefined/],
    [file({ action: 'upscale', size: { width: 10.5, height: 3 } }), /"width" is 10.5, not a whole number/],
    [file({ action: 'upscale', size: { scale: 2, width: 10, height: 3 } }), /both a scale and a width/],
    [file({ action: 'upscale', adapt: 'hard' }), /"adapt" is "hard", not one of off, quick, standard, thorough/],
    [file({ action: 'upscale', strength: 2 }), /"strength" is 2/],
    [file({ action: 'upscale', strength: null }), /"strength" is null/],
    [file({ action: 'upscale', detail: 101 }), /"detail" is 101, not a number from 0 to 100/],
    [file({ action: 'upscale', noise: -1 }), /"noise" is -1/],
    [file({ action: 'upscale', detail: 'auto' }), /"detail" is "auto"/],
    [file({ action: 'upscale', noise: null }), /"noise" is null/],
    [file({ action: 'upscale', crispness: 0.5 }), /"crispness" is unknown/],
    [file({ action: 'upscale', sharpness: 2 }), /"sharpness" is unknown/],
    [file({ action: 'upscale' }, 99), /newer LWay wrote it/],
    [file({ action: 'upscale' }, '1'), /its version is "1"/],
    [file({ action: 'upscale' }, 0), /its version is 0/],
  ])('%j', (value, sentence) => {
    expect(() => parseSteps(value)).toThrow(sentence);
    expect(() => parseSteps(value)).toThrow(
      expect.objectContaining({ code: 'bad-option', advice: expect.any(String) as string }) as Error,
    );
  });

  test.each([
    [undefined, /holds nothing/],
    [{ name: 'Something else' }, /nothing that LWay wrote/],
    [{ 'com.lway.scale': 4 }, /its version is missing/],
    [{ 'com.lway.version': 7 }, /newer LWay/],
    [{ 'com.lway.version': 1, 'com.lway.width': 100 }, /"height" is undefined/],
    [{ 'com.lway.version': 1, 'com.lway.crispness': 2 }, /"crispness" is 2/],
  ])('recorded: %j', (value, sentence) => {
    expect(() => fromRecorded(value)).toThrow(sentence);
  });
});

test('steps of older versions are migrated, one version after the other', () => {
  const table: Migrations = {
    1: ({ factor, ...rest }) => ({ ...rest, scaled: factor }),
    2: ({ scaled, ...rest }) => ({ ...rest, size: { scale: scaled } }),
  };
  const old = { format: 'lway-steps', version: 1, steps: [{ action: 'upscale', factor: 3 }] };
  expect(parseSteps(old, table)).toEqual([{ ...defaultSettings, size: { scale: 3 } }]);
  const newer = { format: 'lway-steps', version: 3, steps: [{ action: 'upscale', size: { scale: 2 } }] };
  expect(parseSteps(newer, table)).toEqual([{ ...defaultSettings, size: { scale: 2 } }]);
});

test('kept settings are read field by field: one that is not valid takes nothing else with it', () => {
  expect(
    keptSettings({ model: 'mine', size: { scale: 99 }, adapt: 'quick', strength: 2, target: 7, colour: 'red' }),
  ).toEqual({ model: 'mine', adapt: 'quick' });
  expect(keptSettings('nonsense')).toEqual({});
  const whole = { ...defaultSettings, detail: 30, noise: 5, blur: 7 };
  expect(keptSettings(whole)).toEqual(whole);
  expect(keptSettings({ model: 'lway-faithful-x4', crispness: 0.4 })).toEqual({ model: 'lway-crisp-x4', detail: 40 });
});

/**
 * An upscale written down as data. Two spellings of the same step:
 *  - a steps file: `{ "format": "lway-steps", "version": 1, "steps": [{ "action": "upscale", … }] }`, for
 *    `lway play` and for keeping;
 *  - a recorded step: a flat object whose keys begin with `com.lway.`, for Photoshop's Actions panel, which stores
 *    numbers, strings and booleans under keys that must be unique among all plug-ins.
 * Both carry the version of the settings; older ones are migrated when read, newer ones refused.
 */
import { LWayError } from '../engine';
import type { AdaptLevel, UpscaleSettings } from './settings';
import { defaultSettings } from './settings';
import { maxScale, minScale } from './size';

/** Version of the settings in a step that is written today. */
export const stepVersion = 2;

/** Turns a step as version n wrote it into one as version n + 1 would: `migrations[n]`. */
export type Migrations = Readonly<Record<number, (step: Record<string, unknown>) => Record<string, unknown>>>;

const migrations: Migrations = {
  // Until then two networks, a faithful and a crisp one, had weights in between: 0..1.
  1: ({ crispness, ...step }) => (crispness === undefined ? step : fromCrispness(step, crispness)),
};

/** Settings of version 1 with `crispness` as they are written today. */
export function fromCrispness(step: Record<string, unknown>, crispness: unknown): Record<string, unknown> {
  const { model } = step;
  const mixed = typeof model === 'string' ? model.replace(/^lway-faithful-/, 'lway-crisp-') : model;
  return { ...step, model: mixed, detail: Math.round(100 * numberWithin('crispness', crispness, 0, 1)) };
}

/** A recorded step: what Photoshop keeps. */
export type RecordedStep = Record<string, string | number | boolean>;

const prefix = 'com.lway.';
const fileFormat = 'lway-steps';

function unreadable(what: string, advice = 'Record the step again, or repair it by hand.'): LWayError {
  return new LWayError('bad-option', `This step cannot be read: ${what}.`, advice);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function migrate(step: Record<string, unknown>, version: unknown, table: Migrations): Record<string, unknown> {
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw unreadable(`its version is ${JSON.stringify(version) ?? 'missing'}`);
  }
  const newest = Math.max(stepVersion, ...Object.keys(table).map((from) => Number(from) + 1));
  if (version > newest) {
    throw unreadable(`a newer LWay wrote it (version ${version}, this one knows ${newest})`, 'Update LWay.');
  }
  let current = step;
  for (let from = version; from < newest; from++) {
    const next = table[from];
    if (!next) throw unreadable(`version ${from} is unknown`);
    current = next(current);
  }
  return current;
}

const adaptLevels: readonly AdaptLevel[] = ['off', 'quick', 'standard', 'thorough'];

function oneOf<T extends string>(name: string, value: unknown, values: readonly T[], standard: T): T {
  if (value === undefined) return standard;
  const found = values.find((each) => each === value);
  if (found === undefined) throw unreadable(`"${name}" is ${JSON.stringify(value)}, not one of ${values.join(', ')}`);
  return found;
}

function numberWithin(name: string, value: unknown, least: number, most: number, whole = false): number {
  if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw unreadable(
    `"${name}" is ${JSON.stringify(value)}, not a${whole ? ' whole' : ''} number from ${least} to ${most}`,
  );
}

const largestSide = 10_000_000;

function sizeFrom(value: unknown): UpscaleSettings['size'] {
  if (value === undefined) return defaultSettings.size;
  if (!isObject(value)) throw unreadable(`"size" is ${JSON.stringify(value)}`);
  if ('scale' in value) {
    if ('width' in value || 'height' in value) throw unreadable('"size" has both a scale and a width or height');
    return { scale: numberWithin('scale', value['scale'], minScale, maxScale) };
  }
  return {
    width: numberWithin('width', value['width'], 1, largestSide, true),
    height: numberWithin('height', value['height'], 1, largestSide, true),
  };
}

type Fields = Record<string, unknown>;

/** How each field is read from something that came from outside; throws where it is not valid. */
const readers = {
  model: ({ model = defaultSettings.model }: Fields) => {
    if (typeof model !== 'string' || model === '') throw unreadable(`"model" is ${JSON.stringify(model)}`);
    return model;
  },
  size: ({ size }: Fields) => sizeFrom(size),
  target: ({ target }: Fields) => oneOf('target', target, ['layer', 'region'], defaultSettings.target),
  destination: ({ destination }: Fields) =>
    oneOf('destination', destination, ['layer', 'document'], defaultSettings.destination),
  adapt: ({ adapt }: Fields) => oneOf('adapt', adapt, adaptLevels, defaultSettings.adapt),
  strength: ({ strength = defaultSettings.strength }: Fields) => numberWithin('strength', strength, 0, 1),
  // Stay left out: without them a step means what suits the picture.
  detail: ({ detail }: Fields) => (detail === undefined ? undefined : numberWithin('detail', detail, 0, 100)),
  noise: ({ noise }: Fields) => (noise === undefined ? undefined : numberWithin('noise', noise, 0, 100)),
  blur: ({ blur }: Fields) => (blur === undefined ? undefined : numberWithin('blur', blur, 0, 100)),
} satisfies { [Key in keyof Required<UpscaleSettings>]: (fields: Fields) => UpscaleSettings[Key] };

/**
 * Checks settings that come from outside; what is missing has its default, what is unknown is refused rather than
 * silently left undone.
 * @throws LWayError `bad-option`
 */
export function parseSettings(value: unknown): UpscaleSettings {
  if (!isObject(value)) throw unreadable('it is not an object');
  const stranger = Object.keys(value).find((key) => !(key in readers));
  if (stranger !== undefined) throw unreadable(`"${stranger}" is unknown to this version of LWay`);
  return withoutMissing({
    model: readers.model(value),
    size: readers.size(value),
    target: readers.target(value),
    destination: readers.destination(value),
    adapt: readers.adapt(value),
    strength: readers.strength(value),
    detail: readers.detail(value),
    noise: readers.noise(value),
    blur: readers.blur(value),
  });
}

/** What is left out is not there at all: neither in a file nor in what Photoshop keeps. */
function withoutMissing<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/**
 * The person's own settings as they were kept, field by field: one that is not valid, or no longer known, is left out and
 * takes nothing else with it.
 */
export function keptSettings(value: unknown): Partial<UpscaleSettings> {
  if (!isObject(value)) return {};
  const { crispness } = value;
  if (typeof crispness === 'number' && crispness >= 0 && crispness <= 1) {
    return keptSettings(fromCrispness({ ...value, crispness: undefined }, crispness));
  }
  const kept: Fields = {};
  for (const key of Object.keys(readers) as (keyof typeof readers)[]) {
    if (value[key] === undefined) continue;
    try {
      kept[key] = readers[key](value);
    } catch (error) {
      if (!(error instanceof LWayError)) throw error;
    }
  }
  return kept;
}

/**
 * Reads a steps file.
 * @param value the parsed JSON
 * @throws LWayError `bad-option` that names the step and what is wrong with it
 */
export function parseSteps(value: unknown, table: Migrations = migrations): UpscaleSettings[] {
  if (!isObject(value) || value['format'] !== fileFormat) {
    throw new LWayError(
      'bad-option',
      `This is not a file of LWay steps: "format" is not "${fileFormat}".`,
      'Write one with "lway upscale … --save-steps steps.json".',
    );
  }
  const { version, steps } = value;
  if (!Array.isArray(steps) || steps.length === 0) throw unreadable('the file holds no steps');
  return steps.map((step: unknown, i) => {
    try {
      if (!isObject(step)) throw unreadable('it is not an object');
      const { action, ...rest } = migrate(step, version, table);
      if (action !== 'upscale')
        throw unreadable(`its action is ${JSON.stringify(action)}, but only "upscale" is known`);
      return parseSettings(rest);
    } catch (error) {
      if (!(error instanceof LWayError)) throw error;
      throw new LWayError(error.code, `Step ${i + 1}: ${error.message}`, error.advice);
    }
  });
}

/** The content of a steps file, for `JSON.stringify`. */
export function formatSteps(steps: readonly UpscaleSettings[]): object {
  return { format: fileFormat, version: stepVersion, steps: steps.map((step) => ({ action: 'upscale', ...step })) };
}

/** Settings → what Photoshop records. */
export function toRecorded(settings: UpscaleSettings): RecordedStep {
  const { size, ...rest } = settings;
  const flat: RecordedStep = withoutMissing({ version: stepVersion, ...rest, ...size });
  return Object.fromEntries(Object.entries(flat).map(([key, value]) => [prefix + key, value]));
}

/**
 * What Photoshop recorded → settings. Keys of others are passed over: Photoshop adds some of its own.
 * @throws LWayError `bad-option`
 */
export function fromRecorded(info: unknown, table: Migrations = migrations): UpscaleSettings {
  if (!isObject(info)) throw unreadable('it holds nothing');
  const own = Object.entries(info).filter(([key]) => key.startsWith(prefix));
  if (own.length === 0) throw unreadable('it holds nothing that LWay wrote');
  const { version, ...step } = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
  const { scale, width, height, ...rest } = migrate(step, version, table);
  const sides = width === undefined && height === undefined ? {} : { width, height };
  const size = scale === undefined ? sides : { scale, ...sides };
  return parseSettings(Object.keys(size).length > 0 ? { ...rest, size } : rest);
}

import * as v from 'valibot';

const text = v.pipe(v.string(), v.nonEmpty('must not be empty'));
const count = v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(0, 'must not be negative'));
const positive = v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(1, 'must be at least 1'));
/** A registry names files beside itself, and nothing else. */
const file = v.pipe(v.string(), v.regex(/^(?!\.{1,2}$)[^\\/]+$/, 'must be the name of a file beside the list'));
const span = v.tuple([v.number(), v.number()]);
const weight = v.pipe(v.number(), v.minValue(0, 'must not be negative'));
const share = v.pipe(weight, v.maxValue(1, 'must not be above 1'));

const common = {
  id: text,
  file,
  name: text,
  description: v.optional(v.string()),
  scale: positive,
  input: v.object({
    name: text,
    layout: v.picklist(['NCHW', 'NHWC']),
    channels: v.picklist(['RGB', 'BGR']),
    range: span,
    type: v.picklist(['float32', 'float16']),
    size: v.optional(v.object({ width: positive, height: positive })),
  }),
  output: text,
  receptiveField: v.nullable(weight),
  multipleOf: positive,
  parameters: count,
  bytes: positive,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits')),
  licence: v.string(),
  data: v.optional(v.string()),
  card: v.optional(file),
  quality: v.optional(v.record(v.string(), v.unknown())),
};

const end = v.object({
  model: text,
  noise: v.optional(span),
  compression: v.optional(span),
  blur: v.optional(span),
  drawn: v.optional(span),
});

/** What each kind of network has beside that. */
const kinds = [
  v.object({
    ...common,
    kind: v.literal('sr'),
    adaptation: v.optional(
      v.object({
        learningRate: v.optional(v.pipe(v.number(), v.gtValue(0, 'must be above 0'))),
        pairsWeight: v.optional(weight),
        unseenAnchor: v.optional(weight),
        start: v.optional(share),
      }),
    ),
    forDrawings: v.optional(v.boolean()),
    ends: v.optional(
      v.object({
        faithful: v.optional(end),
        crisp: v.optional(end),
        clean: v.optional(end),
        sharp: v.optional(end),
        drawn: v.optional(end),
      }),
    ),
    start: v.optional(text),
  }),
  v.object({
    ...common,
    kind: v.literal('features'),
    /** One map after the other. */
    output: v.union([text, v.pipe(v.array(text), v.minLength(1, 'must not be empty'))]),
    layerWeights: v.optional(v.record(v.string(), weight)),
  }),
  v.object({ ...common, kind: v.literal('encoder') }),
  v.object({ ...common, kind: v.literal('reconstructor') }),
  v.object({ ...common, kind: v.literal('start') }),
  v.object({ ...common, kind: v.literal('estimate') }),
  v.object({ ...common, kind: v.literal('drawing') }),
  v.object({ ...common, kind: v.literal('end') }),
] as const;

/**
 * What a list of networks holds; `registry.ts` says what each field means. `training/registry.schema.json` is made of it, for
 * the Python that writes the list (tests/engine/network/registry-schema.test.ts).
 */
export const registrySchema = v.object({
  version: v.literal(1),
  default: v.string(),
  defaultWhereSlow: v.optional(text),
  models: v.array(v.variant('kind', kinds)),
});

/** Where a fault lies in a list, and what it is: "models.3.scale must be at least 1". */
export function faultOf(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const { message, expected, received } = issue;
  const wrong =
    received === 'undefined' ? 'is missing' : `should be ${expected ?? 'something else'} and is ${received}`;
  const reason = message.startsWith('must ') ? message : wrong;
  return path === null ? `the list ${reason}` : `${path} ${reason}`;
}

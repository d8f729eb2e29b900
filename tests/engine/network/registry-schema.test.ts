import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toJsonSchema } from '@valibot/to-json-schema';
import { registrySchema } from '../../../src/engine/network/registry-schema';

const file = join(__dirname, '..', '..', '..', 'training', 'registry.schema.json');

/** A shipped list has no fields but those that the product reads; the product itself overlooks what it does not know. */
function strictly(): unknown {
  return toJsonSchema(registrySchema, {
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema.type === 'object' ? { ...jsonSchema, additionalProperties: false } : undefined,
  });
}

// To write it anew: LWAY_WRITE_SCHEMA=1 npx jest tests/engine/network/registry-schema.test.ts
test("Python's schema of models.json is that of the product", () => {
  const schema = strictly();
  if (process.env['LWAY_WRITE_SCHEMA']) writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(schema);
});

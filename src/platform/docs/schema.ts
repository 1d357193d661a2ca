import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

interface Meta {
  readonly default?: JsonSchema['default'];
  readonly examples?: readonly unknown[];
}

const SELF_EXPLAINING_FORMATS: ReadonlySet<string> = new Set(['uuid', 'date-time']);

/**
 * The OpenAPI 3.0 schema of a zod schema. Named schemas (`meta({ id })`) are returned as components.
 * @param io `input` for data that clients send, `output` for data that they receive
 */
export function toOpenApiSchema(schema: z.ZodType, io: 'input' | 'output') {
  const {
    $schema: _,
    definitions,
    ...rest
  } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io,
    override: ({ zodSchema, jsonSchema }) => {
      restoreExamples(zodSchema, jsonSchema, io);
      simplify(jsonSchema, io);
    },
  }) as JsonSchema & { definitions?: Record<string, JsonSchema> };
  return { schema: rest, components: definitions ?? {} };
}

/** Restores examples and defaults, which zod drops for input before a transform; here they describe the input. */
function restoreExamples(zodSchema: z.core.$ZodTypes, jsonSchema: JsonSchema, io: 'input' | 'output'): void {
  const { default: preset, examples } = (z.globalRegistry.get(zodSchema) ?? {}) as Meta;
  if (io === 'input' && preset !== undefined) jsonSchema.default = preset;
  if (examples && !jsonSchema.$ref) {
    delete jsonSchema.examples;
    // OpenAPI 3.0 allows one example.
    jsonSchema['example'] = examples[0];
  }
}

function simplify(jsonSchema: JsonSchema, io: 'input' | 'output'): void {
  const { format, type } = jsonSchema;
  // The regular expression of a format does not help readers, and examples generated from it are useless.
  if (type === 'integer' || (format && SELF_EXPLAINING_FORMATS.has(format))) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  // Later versions may add members to answers, so generated clients must accept unknown ones.
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

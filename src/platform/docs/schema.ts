import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

interface Meta {
  readonly default?: JsonSchema['default'];
  readonly examples?: readonly unknown[];
}

const FORMATS_THAT_SAY_IT: ReadonlySet<string> = new Set(['uuid', 'date-time']);

/**
 * OpenAPI 3.0 for a zod schema, read by people and generators: `io` says whether a client sends it or receives it.
 * Named schemas (`meta({ id })`) come back as components.
 */
export function toOpenApiSchema(given: z.ZodType, io: 'input' | 'output') {
  // Of a body that may be left out: what it is where it is there.
  const schema = given instanceof z.ZodPrefault ? given.unwrap() : given;
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

/** zod drops examples and defaults of what a client sends where a transform follows them; ours are of what is sent. */
function restoreExamples(zodSchema: z.core.$ZodTypes, jsonSchema: JsonSchema, io: 'input' | 'output'): void {
  const { default: preset, examples } = (z.globalRegistry.get(zodSchema) ?? {}) as Meta;
  if (io === 'input' && preset !== undefined) jsonSchema.default = preset;
  if (examples && !jsonSchema.$ref) {
    delete jsonSchema.examples;
    // OpenAPI 3.0 has one.
    jsonSchema['example'] = examples[0];
  }
}

function simplify(jsonSchema: JsonSchema, io: 'input' | 'output'): void {
  const { format, type } = jsonSchema;
  // The regular expression of a format is noise to a reader, and examples generated from it are nonsense.
  if (type === 'integer' || (format && FORMATS_THAT_SAY_IT.has(format))) delete jsonSchema.pattern;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  // Answers may come to hold more members: no client generated from the document may refuse them.
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

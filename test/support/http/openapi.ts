import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Media {
  readonly schema: Schema;
  readonly examples?: Readonly<Record<string, { readonly value: Readonly<Record<string, unknown>> }>>;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: ReadonlyArray<Readonly<Record<string, readonly string[]>>>;
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly in: string; readonly schema: Schema }>;
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Media>>; readonly headers?: object }>
  >;
}

export interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly tags: ReadonlyArray<{ readonly name: string; readonly description?: string }>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

export interface Located {
  /** `POST /auth/login`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Every operation of a document with its method and path. */
export function operationsOf({ paths }: Document): Located[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([key, operation]) => {
      const method = key.toUpperCase();
      return { name: `${method} ${path}`, method, path, operation };
    }),
  );
}

/** The schema a reference points to. */
export function resolve(document: Document, schema: Schema): Schema {
  const name = schema.$ref?.replace('#/components/schemas/', '');
  return name === undefined ? schema : (document.components.schemas[name] ?? {});
}

/** The example body of an operation and its content type, built from its schema as the documentation page does. */
export function exampleBody(document: Document, { requestBody }: Operation) {
  const [first] = Object.entries(requestBody?.content ?? {});
  if (!first) return undefined;
  const [type, media] = first;
  const { example, properties = {} } = resolve(document, media.schema);
  const members = Object.entries(properties).map(([name, property]) => [name, property.example]);
  return { type, value: (example ?? Object.fromEntries(members)) as Record<string, string> };
}

/** Every route of the application in the form `GET /users/{id}`, without the HEAD and OPTIONS that Fastify adds. */
export function routesOf(app: NestFastifyApplication): string[] {
  const parents: string[] = [];
  const routes: string[] = [];
  for (const line of app.getHttpAdapter().getInstance().printRoutes().split('\n')) {
    // A line has four columns per level, then the rest of the path below the level above, then the methods.
    const [, indent = '', part = '', methods = ''] =
      /^((?:[│ ] {3})*)[├└]── (\S.*?)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    const depth = indent.length / 4;
    const path = (depth > 0 ? parents[depth - 1]! : '') + (part.startsWith('(') ? '' : part);
    parents[depth] = path;
    for (const method of methods.split(', ').filter(Boolean)) {
      if (method !== 'HEAD' && method !== 'OPTIONS')
        routes.push(`${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    }
  }
  return routes.sort();
}

/**
 * Routes that the OpenAPI document does not list: those of the documentation itself, and the pages, which open by a cookie
 * (test/e2e/pages.forms.e2e-spec.ts walks them).
 */
const NO_API =
  /^(?:GET \/docs(?:[/-].*)?|GET \/assets\/.*|(?:GET|POST) \/(?:login|logout|register|account.*|admin\/me)?)$/;

/** Whether a route belongs to the API. */
export function isApiRoute(route: string): boolean {
  return !NO_API.test(route);
}

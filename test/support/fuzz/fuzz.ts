import fc from 'fast-check';
import { fittingBody, fuzzedBody, type BodyModel, type FuzzedBody, type Schema } from './fuzz-body.js';
import { AUTHORIZATIONS, HEADERS, LONG, METHODS, QUERIES, SCOPES, SEGMENTS, VALUES } from './fuzz-words.js';
import type { RawRequest } from '../http/raw-http.js';

/** The parts of an OpenAPI document from which requests are generated. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface DocumentedOperation {
  readonly security?: ReadonlyArray<Readonly<Record<string, unknown>>>;
  readonly parameters?: ReadonlyArray<{ readonly name: string; readonly in: string }>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly body: BodyModel | undefined;
  /** Whether the operation requires a token, a client, or nothing. */
  readonly by: 'token' | 'client' | 'anyone';
}

/** A request with gaps such as `~access~`, which are filled when it is sent, see {@link filled}. */
export interface FuzzedRequest {
  /** The operation from which the request was generated, for example `POST /auth/login`. */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly body: FuzzedBody | undefined;
}

/** Every operation of a document. */
export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody, security }]) => {
      const [type, media] = Object.entries(requestBody?.content ?? {})[0] ?? [];
      return {
        method: method.toUpperCase(),
        path,
        by: security?.some((one) => 'client' in one) ? 'client' : security ? 'token' : 'anyone',
        query: parameters.filter(({ in: where }) => where === 'query').map(({ name }) => name),
        body: type === undefined || !media ? undefined : modelOf(document, type, media.schema),
      };
    }),
  );
}

function modelOf({ components }: Document, type: string, schema: Schema): BodyModel {
  const name = schema.$ref?.split('/').at(-1);
  const { properties = {}, required = [] } = (name === undefined ? schema : components.schemas[name]) ?? {};
  return { type, properties, required };
}

const rarely = <T>(usual: T, other: fc.Arbitrary<T>, weight = 8): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

function queryOf({ query }: Operation): fc.Arbitrary<string> {
  // A scope is the only value that a refusal repeats (RFC 6750 section 3), so it holds no secret.
  const valuesOf = (name: string) => (name === 'scope' ? SCOPES : VALUES);
  const named = fc
    .constantFrom(...query, 'x')
    .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...valuesOf(name))));
  const pair = fc.oneof(
    { weight: 4, arbitrary: named.map(([name, value]) => `${name}=${value}`) },
    { weight: 1, arbitrary: fc.constantFrom(...QUERIES) },
  );
  const some = fc.array(pair, { minLength: 1, maxLength: 3 }).map((pairs) => `?${pairs.join('&')}`);
  return rarely('', some, query.length > 0 ? 1 : 8);
}

function pathOf(operation: Operation): fc.Arbitrary<string> {
  // In a path with two gaps the second is a session of the user in the first.
  const isPair = operation.path.split('{').length > 2;
  const first = isPair
    ? fc.oneof(fc.constant('~user_id~'), fc.constantFrom(...SEGMENTS))
    : fc.constantFrom(...SEGMENTS);
  const second = fc.oneof(fc.constant('~session_id~'), fc.constantFrom(...SEGMENTS));
  const plain = fc.tuple(first, second).map((segments) => {
    const left: string[] = [...segments];
    return operation.path.replaceAll(/\{\w+\}/g, () => left.shift() ?? '');
  });
  const bent = plain.chain((path) =>
    fc.constantFrom(
      `/${path}`,
      `${path}/`,
      path.replace(/\/(?=[^/]*$)/, '//'),
      path.toUpperCase(),
      path.replace(/.$/, (last) => `%${last.charCodeAt(0).toString(16)}`),
      `${path}%00`,
      `${path}/..`,
      `${path}/%2e%2e%2f`,
      `/.${path}`,
      `http://evil.example${path}`,
      `${path}.json`,
      `/docs${path}`,
      `/docs/%2e%2e/%2e%2e${path}`,
      `${path}/${LONG}`,
      '*',
    ),
  );
  return fc
    .tuple(
      plain.chain((path) => rarely(path, bent)),
      queryOf(operation),
    )
    .map(([path, query]) => path + query);
}

const authorizationOf = ({ by }: Operation): fc.Arbitrary<readonly string[]> =>
  fc.oneof(
    { weight: by === 'token' ? 1 : 15, arbitrary: fc.constant<string[]>([]) },
    { weight: by === 'client' ? 15 : 1, arbitrary: fc.constant(['~basic~']) },
    { weight: 5, arbitrary: fc.constant(['Bearer ~access~']) },
    { weight: 5, arbitrary: fc.constant(['Bearer ~admin~']) },
    { weight: 2, arbitrary: fc.constant(['Bearer ~service~']) },
    { weight: 1, arbitrary: fc.constant(['bEARER   ~access~']) },
    { weight: 6, arbitrary: fc.constantFrom<readonly string[]>(...AUTHORIZATIONS) },
  );

/** Existing objects for the gap of a path. */
function idsOf(path: string): string[] {
  if (path.startsWith('/clients/')) return ['~client_id~'];
  if (path.startsWith('/roles/')) return ['a-role'];
  return ['~user_id~', '~session_id~'];
}

/** A valid request by the document, so that every operation also succeeds. */
function plainRequestOf(operation: Operation): fc.Arbitrary<FuzzedRequest> {
  const senders = {
    anyone: [[]],
    token: [['Bearer ~access~'], ['Bearer ~admin~']],
    // At the token endpoint the client is in the form.
    client: operation.path === '/oauth/token' ? [[]] : [['~basic~']],
  };
  return fc
    .record({
      id: fc.constantFrom(...idsOf(operation.path)),
      authorization: fc.constantFrom<readonly string[]>(...senders[operation.by]),
      body: operation.body ? fittingBody(operation.body) : fc.constant(undefined),
    })
    .map(({ id, authorization: values, body }) => ({
      operation: `${operation.method} ${operation.path}`,
      method: operation.method,
      path: operation.path.replaceAll(/\{\w+\}/g, id),
      headers: values.map((value) => ['Authorization', value] as const),
      body,
    }));
}

function bentRequestOf(operation: Operation): fc.Arbitrary<FuzzedRequest> {
  const body = operation.body
    ? fc.oneof(
        { weight: 1, arbitrary: fc.constant(undefined) },
        { weight: 12, arbitrary: fuzzedBody(operation.body) },
      )
    : rarely<FuzzedBody | undefined>(
        undefined,
        fuzzedBody({ type: 'application/json', properties: {}, required: [] }),
        12,
      );
  return fc
    .record({
      method: rarely(operation.method, fc.constantFrom(...METHODS), 6),
      path: pathOf(operation),
      authorization: authorizationOf(operation),
      more: rarely<ReadonlyArray<readonly [string, string]>>(
        [],
        fc.array(fc.constantFrom(...HEADERS), { minLength: 1, maxLength: 4 }),
        2,
      ),
      body,
    })
    .map(({ authorization: values, more, body: content, ...rest }) => ({
      operation: `${operation.method} ${operation.path}`,
      ...rest,
      headers: [...values.map((value) => ['Authorization', value] as const), ...more],
      body: content,
    }));
}

/** Requests generated from all operations with equal probability. */
export function fuzzedRequest(operations: readonly Operation[]): fc.Arbitrary<FuzzedRequest> {
  return fc.oneof(
    ...operations.map((operation) =>
      fc.oneof(
        { weight: 1, arbitrary: plainRequestOf(operation) },
        { weight: 4, arbitrary: bentRequestOf(operation) },
      ),
    ),
  );
}

/** The request that is sent: the gaps are filled, all else is unchanged. */
export function filled(request: FuzzedRequest, gaps: Readonly<Record<string, string>>): RawRequest {
  const fill = (text: string) => text.replaceAll(/~(\w+)~/g, (gap, name: string) => gaps[name] ?? gap);
  const { body } = request;
  const type = body?.contentType === undefined ? [] : [['Content-Type', body.contentType] as const];
  const raw = {
    method: request.method,
    path: fill(request.path),
    headers: [...type, ...request.headers.map(([name, value]) => [name, fill(value)] as const)],
  };
  if (!body) return raw;
  const bytes = Buffer.from(fill(body.body));
  return { ...raw, body: body.broken ? Buffer.concat([Buffer.from([0xff, 0xc0]), bytes]) : bytes };
}

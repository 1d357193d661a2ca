import fc from 'fast-check';
import { anyText } from './any-text.js';

/** The parts of a JSON schema from which bodies are generated. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly example?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface BodyModel {
  readonly type: string;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

export interface FuzzedBody {
  readonly contentType: string | undefined;
  readonly body: string;
  /** Whether bytes that are not UTF-8 are put in front. */
  readonly broken: boolean;
}

/** A key and the JSON text of its value: a text can be JSON that no JavaScript object produces. */
type Member = readonly [string, string];

const JSON_TYPE = 'application/json';
const FORM = 'application/x-www-form-urlencoded';
const OTHER_TYPES = [
  undefined,
  '',
  JSON_TYPE,
  FORM,
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/json;;;',
  'application/vnd.api+json',
  'text/plain, application/json',
  'json',
  '\u00ff\u00fe',
];

const NASTY = [
  'null',
  'true',
  '-1',
  '1e400',
  '1.5',
  '9'.repeat(400),
  '[]',
  '{}',
  '["a",["b"]]',
  '""',
  '"\\u0000"',
  '"a\\u0000b\\u001f\\u007f\\u0085"',
  '"\\ud800"',
  '"x\\udfff@example.com"',
  '"\\u202e\\ufeff"',
  '"ﬁ℡Å@example.com"',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  `"'; DROP TABLE users; --"`,
  '"../../../etc/passwd%00"',
  '"${7*7}{{7*7}}"',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
  `"${'x'.repeat(5000)}"`,
  `"${'é'.repeat(30_000)}"`,
];

const EXTRA_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'roles',
  'status',
  'id',
  'is_admin',
  '',
  '\u0000',
];

/** Valid values by the name or schema of the property; `~…~` is replaced when the request is sent. */
function fittingValue(name: string, schema: Schema): fc.Arbitrary<string> {
  const texts = (...values: string[]) => fc.constantFrom(...values).map((value) => JSON.stringify(value));
  if (name === 'client_secret') return texts('', '', '', '~client_secret~', '~marked~');
  if (/password|secret/.test(name)) return texts('~password~', '~password~', '~marked~', '~refresh~');
  if (name === 'token') return texts('~service~', '~access~', '~refresh~', '~marked~', '~forged~');
  if (/token/.test(name)) return texts('~refresh~', '~refresh~', '~marked~', '~access~', '~forged~');
  if (name === 'subject') return texts('~session_id~', '~user_id~', '~client_id~');
  if (name === 'email') return texts('~unique~@example.com', '~username~@example.com');
  if (name === 'username') return texts('~username~', '~username~', 'u~unique~');
  if (name === 'grant_type')
    return texts('password', 'password', 'refresh_token', 'refresh_token', 'client_credentials');
  if (name === 'scope') return texts('', '', 'users:read', 'a  b');
  if (name === 'resource') return texts('', '', 'latchkey', 'http://localhost:3000', 'x');
  if (name === 'resources') return fc.constantFrom('[]', '["latchkey"]');
  if (name === 'client_id') return texts('', '', '', 'first-party', '~client_id~', '~marked~');
  if (name === 'grants') return fc.constant('["client_credentials"]');
  if (name === 'scopes') return fc.constantFrom('[]', '["users:read"]', '["tasks:read"]');
  if (schema.enum) return fc.constantFrom(...schema.enum).map((value) => JSON.stringify(value));
  if (schema.type === 'array') return fc.constant('["user"]');
  return fc.constant(JSON.stringify(schema.example ?? 'text'));
}

const nasty = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.json({ maxDepth: 3 }),
  anyText({ maxLength: 40 }).map((value) => JSON.stringify(value)),
);

/** Every field is valid, or absent if it is optional. */
function fitting({ properties, required }: BodyModel): fc.Arbitrary<Member[]> {
  const fields = Object.entries(properties).map(([name, schema]) => {
    const present = fittingValue(name, schema).map((value): Member[] => [[name, value]]);
    return required.includes(name) ? present : fc.oneof(present, fc.constant<Member[]>([]));
  });
  return fc.tuple(...fields).map((list) => list.flat());
}

/** Valid fields together with fields that are missing, of another type, unknown or repeated. */
function bent({ properties }: BodyModel): fc.Arbitrary<Member[]> {
  const fields = Object.entries(properties).map(([name, schema]) =>
    fc.oneof(
      { weight: 5, arbitrary: fittingValue(name, schema).map((value): Member[] => [[name, value]]) },
      { weight: 1, arbitrary: fc.constant<Member[]>([]) },
      { weight: 2, arbitrary: nasty.map((value): Member[] => [[name, value]]) },
    ),
  );
  const unknownKey = fc
    .oneof(fc.constantFrom(...EXTRA_KEYS), fc.string())
    .filter((key) => !Object.hasOwn(properties, key));
  const knownKey = fc.constantFrom(...EXTRA_KEYS, ...Object.keys(properties));
  // A user name is no secret: the profile shows it.
  const marked = fc.tuple(unknownKey, fc.constant('"~marked~"'));
  const extra = fc.oneof(fc.tuple(fc.oneof(knownKey, unknownKey), nasty), marked);
  return fc
    .tuple(fc.tuple(...fields), fc.oneof(fc.constant<Member[]>([]), fc.array(extra, { maxLength: 3 })))
    .map(([list, extras]) => [...list.flat(), ...extras]);
}

const asJson = (list: readonly Member[]): string =>
  `{${list.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;

const asForm = (list: readonly Member[]): string =>
  list.map(([key, value]) => `${encoded(key)}=${encoded(unquoted(value))}`).join('&');

function unquoted(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Faults of a whole body. */
function damaged(type: string, list: readonly Member[]): string[] {
  const text = type === FORM ? asForm(list) : asJson(list);
  return [
    `[${text}]`,
    text.slice(0, -1),
    text.slice(0, text.length / 2),
    `${text},`,
    `\ufeff${text}`,
    `${text}${text}`,
    text.padEnd(65_537),
    '',
    '\u0000',
    'NaN',
    '"text"',
    '&&=&%zz=%&a[b]=c&a=1&a=2&%00',
    type === FORM ? asJson(list) : asForm(list),
  ];
}

/** Parameters that belong together at the token endpoint. */
const GRANTS: ReadonlyArray<Readonly<Record<string, string>>> = [
  { grant_type: 'password', username: '~username~', password: '~password~' },
  { username: '~username~', password: '~password~', scope: '' },
  { grant_type: 'refresh_token', refresh_token: '~refresh~' },
  { grant_type: 'client_credentials', client_id: '~client_id~', client_secret: '~client_secret~' },
  {
    grant_type: 'client_credentials',
    client_id: '~client_id~',
    client_secret: '~client_secret~',
    scope: 'users:read',
  },
];

/** A valid body by the document. */
export function fittingBody(model: BodyModel): fc.Arbitrary<FuzzedBody> {
  if ('grant_type' in model.properties) {
    return fc.constantFrom(...GRANTS).map((form) => {
      const list = Object.entries(form).map(([name, value]): Member => [name, JSON.stringify(value)]);
      return { contentType: FORM, body: asForm(list), broken: false };
    });
  }
  const written = model.type === FORM ? asForm : asJson;
  return fitting(model).map((list) => ({ contentType: model.type, body: written(list), broken: false }));
}

/** A body of an operation: most are partly valid by the documented schema, so that requests pass the first check. */
export function fuzzedBody(model: BodyModel): fc.Arbitrary<FuzzedBody> {
  const written = (list: readonly Member[]) => (model.type === FORM ? asForm(list) : asJson(list));
  const text = fc.oneof(
    { weight: 3, arbitrary: fitting(model).map(written) },
    { weight: 4, arbitrary: bent(model).map(written) },
    { weight: 1, arbitrary: fitting(model).chain((list) => fc.constantFrom(...damaged(model.type, list))) },
  );
  return fc.record({
    contentType: fc.oneof(
      { weight: 8, arbitrary: fc.constant(model.type) },
      { weight: 1, arbitrary: fc.constant(`${model.type}; charset=utf-8`) },
      { weight: 2, arbitrary: fc.constantFrom(...OTHER_TYPES) },
    ),
    body: text,
    broken: fc.oneof(
      { weight: 40, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  });
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { memberWithRoles } from '../support/actors/administrators.js';
import { operationsOf, resolve, type Document, type Located } from '../support/http/openapi.js';
import { parsedAnswer, rawBytes, rawRequest, type RawAnswer } from '../support/http/raw-http.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId } from '../support/tokens/tokens.js';

const FORM = 'application/x-www-form-urlencoded';
const PASSWORD = 'un mot de passe très long';

let server: TestServer;
let document: Document;

beforeAll(async () => {
  server = await startServer();
  document = (await server.client.get<Document>('/docs-json')).body;
});
afterAll(() => server.close());

function sent(
  path: string,
  type: string,
  body: Buffer | string,
  ...more: Array<readonly [string, string]>
): Promise<RawAnswer> {
  const headers = [['Content-Type', type] as const, ...more];
  return rawRequest(server.url, { method: 'POST', path, headers, body });
}

const codeOf = ({ text }: RawAnswer): unknown => {
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  return body['code'] ?? body['error'];
};

describe('bytes that are not valid UTF-8', () => {
  const INVALID: ReadonlyArray<readonly [string, number[]]> = [
    ['Latin-1', [0xe9]],
    ['a lone continuation byte', [0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate (CESU-8)', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ];

  it.each(INVALID)('are malformed_request in JSON: %s', async (_, bytes) => {
    for (const field of ['username', 'password']) {
      const json = Buffer.from(JSON.stringify({ username: 'ada', password: 'x', [field]: 'a-' }));
      const at = json.indexOf('a-') + 1;
      const body = Buffer.concat([json.subarray(0, at), Buffer.from(bytes), json.subarray(at)]);
      const answer = await sent('/auth/login', 'application/json', body);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'malformed_request']);
    }
  });

  it.each(INVALID)('are malformed_request in forms, percent-encoded too: %s', async (_, bytes) => {
    const raw = Buffer.concat([Buffer.from('username=ada&password=a'), Buffer.from(bytes)]);
    const encoded = `username=ada&password=a${bytes.map((byte) => `%${byte.toString(16)}`).join('')}`;
    for (const body of [raw, encoded, `${encoded}=1`, `x${encoded.slice(encoded.indexOf('%'))}=1`]) {
      const answer = await sent('/oauth/token', FORM, body);
      expect([answer.status, codeOf(answer)]).toEqual([400, 'invalid_request']);
      expect(answer.text).toContain('not valid UTF-8');
    }
  });

  it('are invalid_client in Basic credentials', async () => {
    const basic = Buffer.concat([Buffer.from('id:a'), Buffer.from([0xe9])]).toString('base64');
    const answer = await sent('/oauth/introspect', FORM, 'token=x', ['Authorization', `Basic ${basic}`]);
    expect([answer.status, codeOf(answer)]).toEqual([401, 'invalid_client']);
  });

  it('never log in with a password of other bytes', async () => {
    const person = await server.client.register();
    const registered = JSON.stringify({
      email: 'e@example.com',
      username: 'eaccent',
      password: `${PASSWORD}\u00e9`,
    });
    const latin1 = (text: string) => Buffer.from(text, 'latin1');
    const refused = await sent('/auth/register', 'application/json', latin1(registered));
    expect([refused.status, codeOf(refused)]).toEqual([400, 'malformed_request']);
    const login = JSON.stringify({ username: person.username, password: person.password });
    expect((await sent('/auth/login', 'application/json', latin1(login))).status).toBe(200);
  });
});

describe('a form', () => {
  it.each([
    ['a letter beyond ASCII', 'p%C3%A4ss+w%6Frd=100%', 'päss word=100%'],
    ['an emoji', '%F0%9F%98%80', '😀'],
    ['raw UTF-8', 'ä', 'ä'],
  ])('is decoded as UTF-8: %s', async (_, encoded, password) => {
    const name = `form${freshId().slice(-12)}`;
    const long = `${password} and more`;
    const json = { email: `${name}@example.com`, username: name, password: long };
    expect((await server.client.post('/auth/register', { json })).status).toBe(201);
    const answer = await sent('/oauth/token', FORM, `username=${name}&password=${encoded}+and%20more`);
    expect(answer.status).toBe(200);
  });

  it('that names a prototype is malformed_request', async () => {
    expect((await sent('/oauth/token', FORM, '__proto__=x')).status).toBe(400);
  });
});

describe('a charset other than UTF-8 is unsupported_media_type', () => {
  const refused = [
    'iso-8859-1',
    '"windows-1252"',
    'utf-16',
    'us-ascii',
    '',
    'utf-8;charset=utf-16',
    '"utf-\\16"',
  ];
  it.each(refused)('charset=%s', async (charset) => {
    for (const name of ['charset', 'Charset']) {
      const json = await sent('/auth/login', `application/json; ${name}=${charset}`, '{}');
      expect([json.status, codeOf(json)]).toEqual([415, 'unsupported_media_type']);
      const form = await sent('/oauth/token', `${FORM};${name}=${charset}`, 'a=b');
      expect(form.status).toBe(415);
    }
  });

  it.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'utf-8; boundary=x', '"u\\tf-8"'])(
    'but not charset=%s',
    async (charset) => {
      expect((await sent('/auth/login', `application/json; charset=${charset}`, '{}')).status).toBe(422);
    },
  );

  it('also where two content types are sent', async () => {
    const second = ['Content-Type', 'application/json; charset=utf-16'] as const;
    expect((await sent('/auth/login', 'application/json', '{}', second)).status).toBe(415);
  });
});

describe('a Content-Encoding is unsupported_media_type', () => {
  it.each(['gzip', 'br', 'deflate', 'zstd', 'identity', 'gzip, gzip', 'x'])('%s', async (coding) => {
    const lines = [
      'Host: x',
      'Connection: close',
      'Content-Type: application/json',
      `Content-Encoding: ${coding}`,
    ];
    for (const framing of [
      'Content-Length: 2\r\n\r\n{}',
      'Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    ]) {
      const request = ['POST /auth/login HTTP/1.1', ...lines, framing].join('\r\n');
      const answer = parsedAnswer(await rawBytes(server.url, request));
      expect([answer.status, codeOf(answer), answer.headers['accept-encoding']]).toEqual([
        415,
        'unsupported_media_type',
        'identity',
      ]);
    }
  });
});

/** Every way to send no body that clients use. */
const NOTHING: ReadonlyArray<readonly [string, ...string[]]> = [
  ['no header', 'X-None: 1'],
  ['JSON and no length', 'Content-Type: application/json'],
  ['JSON of length 0', 'Content-Type: application/json', 'Content-Length: 0'],
  ['a form of length 0', `Content-Type: ${FORM}`, 'Content-Length: 0'],
  ['a text in Latin-1 of length 0', 'Content-Type: text/plain; charset=iso-8859-1', 'Content-Length: 0'],
  ['a malformed type of length 0', 'Content-Type: json', 'Content-Length: 0'],
  ['JSON in no chunk', 'Content-Type: application/json', 'Transfer-Encoding: chunked'],
  ['a malformed type in no chunk', 'Content-Type: json', 'Transfer-Encoding: chunked'],
];

describe('no body is no body', () => {
  /** Sends an operation without a body, as an administrator of its own where it may end the caller. */
  async function unsent(operation: Located, lines: readonly string[]): Promise<RawAnswer> {
    const { method, path } = operation;
    const { access_token: token } =
      /^\/(auth|users\/me)/.test(path) && !requires(operation)
        ? await memberWithRoles(server, 'admin')
        : admin;
    const target = path.replaceAll(/\{\w+\}/g, freshId());
    const chunks = lines.some((line) => line.startsWith('Transfer-Encoding')) ? '0\r\n\r\n' : '';
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: x',
      'Connection: close',
      `Authorization: Bearer ${token}`,
    ];
    return parsedAnswer(await rawBytes(server.url, `${[...head, ...lines].join('\r\n')}\r\n\r\n${chunks}`));
  }

  let admin: { access_token: string };
  beforeAll(async () => {
    admin = await memberWithRoles(server, 'admin');
  });

  const requires = ({ operation }: Located): boolean => {
    const [media] = Object.values(operation.requestBody?.content ?? {});
    const schema = media && (resolve(document, media.schema) as { required?: readonly string[] });
    return (schema?.required ?? []).length > 0;
  };

  it('every operation that needs no field does its work without a body, whatever its type says', async () => {
    const optional = operationsOf(document)
      .filter(({ method }) => method !== 'GET')
      .filter((one) => !requires(one));
    expect(optional.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['POST /auth/logout', 'DELETE /auth/sessions/{id}', 'POST /keys/rotate']),
    );
    const found = [];
    for (const operation of optional) {
      // A form without fields names no grant and no client.
      const [bare] = NOTHING;
      const { status: expected } = await unsent(operation, bare!.slice(1));
      if (operation.path.startsWith('/oauth/')) expect([400, 401]).toContain(expected);
      else expect([200, 201, 204, 404, 409]).toContain(expected);
      for (const [name, ...lines] of NOTHING) {
        const { status } = await unsent(operation, lines);
        if (status !== expected) found.push(`${operation.name} with ${name}: ${status}, not ${expected}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('every operation that needs a field says so, whatever the type says', async () => {
    const required = operationsOf(document).filter(requires);
    expect(required.length).toBeGreaterThan(5);
    for (const operation of required) {
      for (const [, ...lines] of NOTHING.slice(3, 8)) {
        const answer = await unsent(operation, lines);
        expect([operation.name, answer.status]).toEqual([operation.name, 400]);
      }
    }
  });
});

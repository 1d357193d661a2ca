// The smallest server that does the same work: node:http, node:crypto, pg and argon2 in one file, which checks only the
// signature, the expiry and the password. The difference to this server is the cost of the service.
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import argon2 from 'argon2';
import pg from 'pg';

const { SECRET, JWK, ALGORITHM, DATABASE, HASH } = process.env;
const publicKey = JWK ? createPublicKey({ format: 'jwk', key: JSON.parse(JWK) }) : undefined;
const options = ALGORITHM?.startsWith('ES') ? { key: publicKey, dsaEncoding: 'ieee-p1363' } : publicKey;
const pool = DATABASE ? new pg.Pool({ connectionString: DATABASE, max: 10 }) : undefined;

function claimsOf(authorization) {
  const token = authorization.slice('Bearer '.length);
  const dot = token.lastIndexOf('.');
  const signed = token.slice(0, dot);
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  const good = publicKey
    ? verify('sha256', Buffer.from(signed), options, signature)
    : timingSafeEqual(createHmac('sha256', SECRET).update(signed).digest(), signature);
  const claims = JSON.parse(Buffer.from(signed.slice(signed.indexOf('.') + 1), 'base64url').toString());
  if (!good || claims.exp <= Date.now() / 1000) throw new Error('refused');
  return claims;
}

const ME = `SELECT id, email, username, full_name, status, created_at, updated_at FROM users WHERE id = $1`;
const ROTATE = `UPDATE sessions SET generation = generation + 1, parent_generation = generation, rotated_at = now()
                 WHERE id = $1 RETURNING id, generation, rotated_at`;

const routes = {
  '/auth/verify': (request, response) => {
    response.setHeader('x-auth-user', claimsOf(request.headers.authorization).sub);
    response.end();
  },
  '/users/me': async (request, response) => {
    const { rows } = await pool.query(ME, [claimsOf(request.headers.authorization).sub]);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(rows[0]));
  },
  '/auth/login': async (request, response) => {
    const { password } = JSON.parse(await text(request));
    response.writeHead((await argon2.verify(HASH, password)) ? 200 : 401).end();
  },
  '/auth/refresh': async (request, response) => {
    const { session } = JSON.parse(await text(request));
    const { rows } = await pool.query(ROTATE, [session]);
    const payload = Buffer.from(JSON.stringify(rows[0])).toString('base64url');
    const signature = createHmac('sha256', SECRET).update(payload).digest('base64url');
    const body = JSON.stringify({ refresh_token: `${payload}.${signature}` });
    response.setHeader('content-type', 'application/json').end(body);
  },
};

const server = createServer((request, response) => routes[request.url](request, response));
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));

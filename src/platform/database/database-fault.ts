import { types } from 'node:util';
import { ConfigError } from '../config/env.schema.js';

/** Why Node does not accept a server's certificate, by the code of its error. */
const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT: 'is signed by an authority that is not known here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is signed by an authority that is not known here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is signed by an authority that is not known here',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another host name',
};
const NO_TLS = 'The server does not support SSL connections';

/** What an SQLSTATE of a refused connection or statement means for the operator. */
const REFUSALS: Readonly<Record<string, string>> = {
  '28P01': 'the database refuses the user name or the password (28P01); check both in DATABASE_URL',
  '28000':
    'the database admits no such connection (28000); check the user of DATABASE_URL and pg_hba.conf, and add ' +
    'sslmode=require to DATABASE_URL where the server asks for TLS',
  '3D000':
    'the database does not exist (3D000); create the one that DATABASE_URL names, with the encoding UTF8',
  '53300': 'the database has no connection left (53300); raise max_connections, or lower DATABASE_POOL_SIZE',
};

/** A fault of the settings of the database, which waiting cannot cure; undefined for other errors. */
export function databaseSettingFault(error: unknown): ConfigError | undefined {
  if (!types.isNativeError(error)) return undefined;
  const certificate = CERTIFICATE[codeOf(error) ?? ''];
  if (certificate !== undefined) {
    return badUrl(
      `asks for TLS, and the certificate of the server ${certificate} (${codeOf(error)}): trust its authority with ` +
        'sslmode=verify-full&sslrootcert=/path/to/ca.pem, or accept any certificate with sslmode=no-verify',
    );
  }
  if (error.message !== NO_TLS) return undefined;
  return badUrl('asks for TLS, which the server does not offer: switch ssl on there, or remove sslmode');
}

/** Refuses a database that cannot hold every text. @throws ConfigError */
export function assertUtf8(encoding: string, database: string): void {
  if (encoding === 'UTF8') return;
  throw badUrl(
    `names a database with the encoding ${encoding}, which cannot hold every name: make one with ` +
      `CREATE DATABASE ${database || 'latchkey'} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0`,
  );
}

/** A user who may not create tables where migrations have to. */
export function missingCreatePrivilege(user: string, schema: string | null): ConfigError {
  const grant = `GRANT USAGE, CREATE ON SCHEMA ${quoted(schema ?? 'public')} TO ${quoted(user)}`;
  return badUrl(
    `names the user ${quoted(user)}, who lacks the privilege to create tables in the schema ` +
      `${quoted(schema ?? 'public')}: let the owner of that schema run ${grant}`,
  );
}

/** One line for the operator about an error of the database, without values; undefined where the code says no more. */
export function databaseRefusal(error: unknown): string | undefined {
  const code = codeOf(error) ?? '';
  // The message names a table or a schema.
  if (code === '42501') {
    const { message } = error as Error;
    return `the user of DATABASE_URL lacks a privilege (42501, ${message}); let the owner GRANT it`;
  }
  return REFUSALS[code];
}

function badUrl(message: string): ConfigError {
  return new ConfigError([{ setting: 'DATABASE_URL', message }]);
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

function quoted(identifier: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(identifier) ? identifier : `"${identifier.replaceAll('"', '""')}"`;
}

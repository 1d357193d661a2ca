import { ClientCredentialsGrant } from './client-credentials.grant.js';
import type { GrantClass } from './grant.js';
import { PasswordGrant } from './password.grant.js';
import { RefreshTokenGrant } from './refresh-token.grant.js';

/** The table of grants: one line and one file each. Metadata and the OpenAPI document list its rows in this order. */
export const GRANT_CLASSES = [
  PasswordGrant,
  RefreshTokenGrant,
  ClientCredentialsGrant,
] as const satisfies readonly GrantClass[];

/** The table as the OpenAPI document describes it. */
export const GRANTS_DESCRIPTION = GRANT_CLASSES.map(({ description }) => description).join('; ');

import { z } from 'zod';
import type { Asked } from './audience.js';
import { SCOPE_CLAIM_MAX_BYTES } from './token-scopes.js';

/** The parameter `scope` of RFC 6749 section 3.3. Its form is checked with its content, as `invalid_scope`. */
export const scopeParameter = z.string().max(SCOPE_CLAIM_MAX_BYTES).optional();

/** The parameter `resource` of RFC 8707 section 2. */
export const resourceParameter = z.string().max(2000).optional();

/** What a request asks for; an empty parameter counts as absent (RFC 6749 section 3.2). */
export function askedBy({
  resource,
  scope,
}: {
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
}): Asked {
  return { resource: resource || null, scope: scope || null };
}

export { createVerifier, Verifier } from './verifier.js';
export type { VerifiedToken, VerifierOptions, VerifyOptions } from './verifier.js';
export { VerifierError } from './verifier-error.js';
export type { VerifierClock } from '@latchkey/token-rules';
export type { FeedAccess } from './feed-access.js';
export type { BearerCode } from '@latchkey/token-rules';

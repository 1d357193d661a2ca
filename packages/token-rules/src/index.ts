export {
  BEARER_ERRORS,
  UNAVAILABLE_RETRY_SECONDS,
  bearerChallenge,
  scopeChallenge,
} from './bearer-errors.js';
export type { BearerCode } from './bearer-errors.js';
export { bearerTokenOf, countHeaders } from './bearer-token.js';
export { boundedFetch, failedFetch, jittered } from './bounded-fetch.js';
export { systemClock } from './clock.js';
export type { VerifierClock } from './clock.js';
export { Deadline } from './deadline.js';
export { SecretKeys, RemoteKeys } from './remote-keys.js';
export type { Keys } from './remote-keys.js';
export { REVOCATION_KINDS, RevocationSet, isPermanent } from './revocation-set.js';
export type { RevocationKind, LiveRevocation, RevocationHit, RevocableToken } from './revocation-set.js';
export { parseScope } from './scope.js';
export { ALGORITHMS, secretKid, keyOfJwk, signatureVerifies } from './signatures.js';
export type { Algorithm, VerificationKey } from './signatures.js';
export { keyFor, claimsFault, timeFault } from './token-checks.js';
export type { TokenFault, TokenRules } from './token-checks.js';
export { TOKEN_TYPES } from './token-claims.js';
export type { TokenType, AccessClaims, BrowserClaims, RefreshClaims, ClaimsOf } from './token-claims.js';
export { parseToken } from './token-shape.js';
export type { ParsedToken } from './token-shape.js';
export { idTime } from './uuid.js';

import { z } from 'zod';
import { scopeParameter } from '../../access/asked.dto.js';

/** Longer than every token that the service issues; TokenService checks the content. */
const tokenField = z.string().max(16_384);

export const RefreshDto = z
  .strictObject({
    refresh_token: tokenField.meta({
      description: 'The refresh token of the last answer',
      examples: ['the refresh_token of your last answer'],
    }),
    scope: scopeParameter.meta({
      description: 'Space-separated; fewer scopes than the session has, for this access token',
    }),
  })
  .meta({ id: 'Refresh', examples: [{ refresh_token: 'the refresh_token of your last answer' }] });
export type RefreshDto = z.output<typeof RefreshDto>;

/** RFC 6749 section 5.1. */
export const TokenPairDto = z
  .object({
    access_token: z.string().meta({
      description: 'JWT, RFC 9068; sent as Authorization: Bearer',
      examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCIs…'],
    }),
    token_type: z.literal('bearer'),
    expires_in: z.int().meta({ description: 'Lifetime of the access token in seconds', examples: [900] }),
    refresh_token: z.string().meta({
      description: 'Good for one refresh',
      examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCIs…'],
    }),
    scope: z.string().meta({ description: 'Space-separated', examples: [''] }),
  })
  .meta({ id: 'TokenPair' });
export type TokenPairDto = z.output<typeof TokenPairDto>;

/** The answer to a client that acts for itself, which gets no refresh token (RFC 6749 section 4.4.3). */
export type ClientTokenDto = Omit<TokenPairDto, 'refresh_token'>;

/** The answer of the token endpoint. */
export const TokenAnswerDto = TokenPairDto.partial({ refresh_token: true }).meta({ id: 'TokenAnswer' });
export type TokenAnswerDto = TokenPairDto | ClientTokenDto;

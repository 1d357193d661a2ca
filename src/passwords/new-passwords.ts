import { Inject, Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { invalidField } from '../platform/kernel/app-error.js';
import { PasswordHasher } from './password-hasher.js';
import { isMadeOfNames, passwordFault, type Identity } from './password-policy.js';

/** Bytes of a generated password: 120 random bits in 20 characters. */
const GENERATED_BYTES = 15;

/** Checks and hashes passwords that people choose, and generates those that they must change. */
@Injectable()
export class NewPasswords {
  /** The host of the issuer and its labels, without the top-level domain. */
  private readonly context: readonly string[];

  constructor(
    private readonly hasher: PasswordHasher,
    @Inject(TOKEN_CONFIG) { issuer }: TokenConfig,
  ) {
    const { hostname } = new URL(issuer);
    const labels = hostname.split('.');
    this.context = [hostname, ...(labels.length > 1 ? labels.slice(0, -1) : [])];
  }

  /**
   * Refuses a password that a person must not choose, see password-policy.ts.
   * @param field the name of the field in the request
   * @throws AppError `validation_failed`
   */
  async assertAcceptable(password: string, identity: Identity, field = 'password'): Promise<void> {
    const fault = await passwordFault(password);
    if (fault) throw invalidField(field, fault.code, fault.allowed);
    if (isMadeOfNames(password, identity, this.context)) throw invalidField(field, 'contains_identity');
  }

  /** A random password, which {@link assertAcceptable} accepts. */
  async generate(): Promise<string> {
    const password = randomBytes(GENERATED_BYTES).toString('base64url');
    // The list of common passwords takes one of a million for one of its own.
    return (await passwordFault(password)) === undefined ? password : this.generate();
  }

  /** The hash of a password that was accepted. @throws AppError `overloaded` */
  async hash(password: string, lane?: string): Promise<string> {
    return this.hasher.hash(password, lane);
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { invalidField } from '../platform/kernel/app-error.js';
import { PasswordHasher } from './password-hasher.js';
import { isMadeOfNames, passwordFault, type Identity } from './password-policy.js';

/** Checks and hashes passwords that people choose. */
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

  /** The hash of a password that was accepted. @throws AppError `overloaded` */
  async hash(password: string, lane?: string): Promise<string> {
    return this.hasher.hash(password, lane);
  }
}

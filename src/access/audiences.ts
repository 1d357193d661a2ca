import { Inject, Injectable } from '@nestjs/common';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { sameAudience } from '../platform/config/urls.js';
import type { ApplicationAudience, Audience, AudienceTable, ServiceAudience } from './audience.js';

/** A resource that an administrator registered. */
export interface RegisteredAudience {
  readonly identifier: string;
  /** None for every application scope. */
  readonly scopes: readonly string[];
}

/**
 * The audiences in this instance's memory: those of the settings from the start, and those of the database as
 * ResourceSync loads them. Issuing and verifying tokens read these alone. A registered resource never replaces an
 * audience of the settings.
 */
@Injectable()
export class Audiences implements AudienceTable {
  readonly service: ServiceAudience;
  readonly standard: ApplicationAudience;
  private readonly configured: readonly Audience[];
  private all: readonly Audience[];
  private accepted: readonly string[];

  constructor(@Inject(TOKEN_CONFIG) { issuer, audiences }: Pick<TokenConfig, 'issuer' | 'audiences'>) {
    const [first, ...others] = audiences;
    this.service = { kind: 'service', identifier: issuer };
    this.standard = application(first);
    this.configured = [this.service, this.standard, ...others.map((name) => application(name))];
    this.all = this.configured;
    this.accepted = this.all.map(({ identifier }) => identifier);
  }

  /** Replaces the registered resources. */
  hold(registered: readonly RegisteredAudience[]): void {
    const resources = registered.map(({ identifier, scopes }) => application(identifier, scopes));
    this.all = [...this.configured, ...resources.filter(({ identifier }) => !this.isConfigured(identifier))];
    this.accepted = this.all.map(({ identifier }) => identifier);
  }

  /** Whether the settings name this audience. */
  isConfigured(identifier: string): boolean {
    return this.configured.some((audience) => sameAudience(audience.identifier, identifier));
  }

  find(identifier: string): Audience | undefined {
    return this.all.find((audience) => sameAudience(audience.identifier, identifier));
  }

  /** The application of this identifier. */
  findApplication(identifier: string): ApplicationAudience | undefined {
    const audience = this.find(identifier);
    return audience?.kind === 'application' ? audience : undefined;
  }

  /** Every `aud` that tokens may have. */
  get identifiers(): readonly string[] {
    return this.accepted;
  }

  /**
   * The audience that a token's `aud` names exactly; undefined where it names none. A token of this service names one. Of
   * a list, an application counts before the service, which opens more.
   */
  ofClaim(aud: string | readonly string[]): Audience | undefined {
    const names = typeof aud === 'string' ? [aud] : aud;
    const named = this.all.filter(({ identifier }) => names.includes(identifier));
    return named.find(({ kind }) => kind === 'application') ?? named[0];
  }
}

function application(identifier: string, scopes: readonly string[] = []): ApplicationAudience {
  return { kind: 'application', identifier, scopes: new Set(scopes) };
}

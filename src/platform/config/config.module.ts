// Owns: the settings, read and checked once. May import: kernel. Never: reads the environment after the start.
import { type DynamicModule, Global, Module } from '@nestjs/common';
import {
  BOOTSTRAP_CONFIG,
  HASHING_CONFIG,
  HTTP_CONFIG,
  KEY_CONFIG,
  PAGES_CONFIG,
  LIMITS_CONFIG,
  REGISTRATION_CONFIG,
  REVOCATION_CONFIG,
  TOKEN_CONFIG,
  type Config,
} from './config.js';

/** Provides each slice of the settings under its injection token. */
@Global()
@Module({})
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    const slices = [
      { provide: TOKEN_CONFIG, useValue: config.tokens },
      { provide: KEY_CONFIG, useValue: config.keys },
      { provide: REVOCATION_CONFIG, useValue: config.revocation },
      { provide: HTTP_CONFIG, useValue: config.http },
      { provide: LIMITS_CONFIG, useValue: config.limits },
      { provide: HASHING_CONFIG, useValue: config.hashing },
      { provide: REGISTRATION_CONFIG, useValue: config.registration },
      { provide: PAGES_CONFIG, useValue: config.pages },
      { provide: BOOTSTRAP_CONFIG, useValue: config.bootstrap },
    ];
    return { module: ConfigModule, providers: slices, exports: slices.map(({ provide }) => provide) };
  }
}

import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module.js';
import { AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import type { ConnectionTarget } from './database/connection.js';
import { DatabaseModule } from './database/database.module.js';
import { DocsModule } from './docs/docs.module.js';
import { HealthModule } from './health/health.module.js';
import type { Clock } from './kernel/clock.js';
import { KernelModule } from './kernel/kernel.module.js';
import type { Log } from './kernel/log.js';
import { KeysModule } from './keys/keys.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { OAuthModule } from './oauth/oauth.module.js';
import { UsersModule } from './users/users.module.js';

/** What the application is made with: everything that differs between production, a test and the command line. */
export interface AppParts {
  readonly config: Config;
  readonly target: ConnectionTarget;
  readonly clock: Clock;
  readonly log: Log;
}

/** The map of the house. */
@Module({})
export class AppModule {
  static with({ config, target, clock, log }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        KernelModule.forRoot(clock, log),
        ConfigModule.forRoot(config),
        DatabaseModule.forRoot(target, config.database),
        KeysModule,
        UsersModule,
        AuthModule,
        OAuthModule,
        AdminModule,
        HealthModule,
        DocsModule,
        MetricsModule,
      ],
    };
  }
}

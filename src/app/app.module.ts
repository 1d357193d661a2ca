import { type DynamicModule, Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BrowserModule } from '../browser/browser.module.js';
import { PagesModule } from '../pages/pages.module.js';
import type { Config } from '../platform/config/config.js';
import { ConfigModule } from '../platform/config/config.module.js';
import type { ConnectionTarget } from '../platform/database/connection.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { DocsModule } from '../platform/docs/docs.module.js';
import { HealthModule } from './health.module.js';
import type { Clock } from '../platform/kernel/clock.js';
import { KernelModule } from '../platform/kernel/kernel.module.js';
import type { Log } from '../platform/kernel/log.js';
import { KeysModule } from '../keys/keys.module.js';
import { MetricsModule } from '../platform/metrics/metrics.module.js';
import { OAuthModule } from '../oauth/oauth.module.js';
import { FeedModule } from '../feed/feed.module.js';
import { HttpModule } from '../platform/http/http.module.js';
import { IncidentsModule } from '../incidents/incidents.module.js';
import { PacingModule } from '../platform/pacing/pacing.module.js';
import { TransferModule } from '../transfer/transfer.module.js';
import { UsersModule } from '../users/users.module.js';

/** The parts of the application that differ between production, tests and the command line. */
export interface AppParts {
  readonly config: Config;
  readonly target: ConnectionTarget;
  readonly clock: Clock;
  readonly log: Log;
}

/** The modules of the application, ground first. */
@Module({})
export class AppModule {
  static with({ config, target, clock, log }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        KernelModule.forRoot(clock, log),
        HttpModule,
        PacingModule,
        ConfigModule.forRoot(config),
        AccessModule,
        DatabaseModule.forRoot(target, config.database),
        KeysModule,
        UsersModule,
        AuthModule,
        AccountsModule,
        OAuthModule,
        IncidentsModule,
        FeedModule,
        TransferModule,
        BrowserModule,
        PagesModule,
        HealthModule,
        DocsModule,
        MetricsModule,
      ],
    };
  }
}

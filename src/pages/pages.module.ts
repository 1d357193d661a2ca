// Owns: the controllers of pages and what their forms do; what pages look like is in views.
// May import: accounts, views, browser, auth, sessions, users, limits, access, platform.
// Never: has a rule of its own, or calls the API; a page calls the services that the API calls.
import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { BrowserModule } from '../browser/browser.module.js';
import { LimitsModule } from '../limits/limits.module.js';
import { SessionsModule } from '../sessions/sessions.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccountPages } from './account-pages.service.js';
import { AccountPagesController } from './account.controller.js';
import { AssetsController } from './assets.controller.js';
import { HomeController } from './home.controller.js';
import { LoginController } from './login.controller.js';
import { LoginPages } from './login-pages.service.js';
import { LogoutController } from './logout.controller.js';
import { MeController } from './me.controller.js';
import { PageErrors } from './page-errors.js';
import { PageRenderer } from './page-renderer.js';
import { RegisterController } from './register.controller.js';
import { RegisterPages } from './register-pages.service.js';

@Module({
  imports: [AccountsModule, AuthModule, BrowserModule, LimitsModule, SessionsModule, UsersModule],
  controllers: [
    AccountPagesController,
    AssetsController,
    HomeController,
    LoginController,
    LogoutController,
    MeController,
    RegisterController,
  ],
  providers: [AccountPages, LoginPages, PageErrors, PageRenderer, RegisterPages],
  exports: [PageErrors],
})
export class PagesModule {}

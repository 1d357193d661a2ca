// Owns: the session cookie, the guard of pages and the guard of their forms.
// May import: auth, sessions, revocation, access, platform. Never: renders a page, or opens a route of the API.
import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RevocationModule } from '../revocation/revocation.module.js';
import { BrowserCookie } from './browser-cookie.js';
import { BrowserGuard } from './browser.guard.js';
import { BrowserSessions } from './browser-sessions.service.js';
import { CsrfGuard } from './csrf.guard.js';

@Module({
  imports: [AuthModule, RevocationModule],
  providers: [BrowserCookie, BrowserGuard, BrowserSessions, CsrfGuard],
  exports: [BrowserCookie, BrowserGuard, BrowserSessions, CsrfGuard],
})
export class BrowserModule {}

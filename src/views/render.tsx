import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { AccountPage, type AccountView } from './account.page.js';
import { HomePage, type HomeView } from './home.page.js';
import { LoginPage, type LoginView } from './login.page.js';
import { LogoutPage, type LogoutView } from './logout.page.js';
import { MePage, type MeView } from './me.page.js';
import { MessagePage, type MessageView } from './message.page.js';
import { RegisterPage, type RegisterView } from './register.page.js';
import type { PageFrame } from './view.js';

/** The view of each page. */
export interface Views {
  readonly account: AccountView;
  readonly home: HomeView;
  readonly login: LoginView;
  readonly logout: LogoutView;
  readonly me: MeView;
  readonly message: MessageView;
  readonly register: RegisterView;
}

export type PageName = keyof Views;
/** A view without the parts that every page has. */
export type Content<Name extends PageName> = Omit<Views[Name], keyof PageFrame>;

const PAGES = {
  account: AccountPage,
  home: HomePage,
  login: LoginPage,
  logout: LogoutPage,
  me: MePage,
  message: MessagePage,
  register: RegisterPage,
};

/** The document of a page. Texts are escaped; without the doctype browsers would lay it out as before HTML 5. */
export function renderPage<Name extends PageName>(
  name: Name,
  frame: PageFrame,
  content: Content<Name>,
): string {
  const page = PAGES[name] as unknown as (view: PageFrame & Content<Name>) => ReturnType<typeof h>;
  return `<!doctype html>\n${renderToString(page({ ...frame, ...content }))}\n`;
}

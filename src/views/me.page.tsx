import type { VNode } from 'preact';
import { Layout } from './layout.js';
import type { PageFrame } from './view.js';

export interface MeView extends PageFrame {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly memberSince: string;
}

/** What the service knows of the signed-in user; anybody signed in may open it. */
export function MePage(view: MeView): VNode {
  const { texts, base, id, name, email, roles, scopes, memberSince } = view;
  const t = texts.me;
  return (
    <Layout {...view} page="admin-me" title={t.title}>
      <section class="lk-card">
        <h1>{t.title}</h1>
        <dl class="lk-facts">
          <dt>{texts.account.fullName}</dt>
          <dd>{name}</dd>
          <dt>{texts.account.email}</dt>
          <dd>{email}</dd>
          <dt>{t.id}</dt>
          <dd>
            <code>{id}</code>
          </dd>
          <dt>{texts.account.roles}</dt>
          <dd>{roles.join(', ') || texts.account.noRoles}</dd>
          <dt>{t.scopes}</dt>
          <dd>{scopes.join(' ') || t.noScopes}</dd>
          <dt>{t.memberSince}</dt>
          <dd>{memberSince}</dd>
        </dl>
        <p class="lk-aside">
          <a href={`${base}/account`}>{texts.account.title}</a>
        </p>
      </section>
    </Layout>
  );
}

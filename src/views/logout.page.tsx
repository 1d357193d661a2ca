import type { VNode } from 'preact';
import { Form, Submit } from './form.js';
import { Layout } from './layout.js';
import type { PageFrame } from './view.js';

export interface LogoutView extends PageFrame {
  readonly name: string;
}

/** Asks before it signs out, because a link must change nothing. */
export function LogoutPage(view: LogoutView): VNode {
  const { texts, base, name } = view;
  const t = texts.logout;
  return (
    <Layout {...view} page="logout" title={t.title}>
      <section class="lk-card">
        <h1>{t.title}</h1>
        <p>{t.lead(name)}</p>
        <Form action={`${base}/logout`}>
          <Submit>{t.submit}</Submit>
        </Form>
        <p class="lk-aside">
          <a href={`${base}/account`}>{t.stay}</a>
        </p>
      </section>
    </Layout>
  );
}

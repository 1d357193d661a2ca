import type { VNode } from 'preact';
import { FaultSummary, Field, Form, Submit } from './form.js';
import { Layout, Notice } from './layout.js';
import type { FormFaults, PageFrame } from './view.js';

export interface LoginView extends PageFrame {
  readonly username: string;
  readonly remember: boolean;
  /** A path of this service, checked already. */
  readonly returnTo: string | undefined;
  readonly registrationOpen: boolean;
  /** Says why the page is shown, such as the end of the session. */
  readonly notice: string | undefined;
  readonly faults: FormFaults | undefined;
}

/** The form for a password login. */
export function LoginPage(view: LoginView): VNode {
  const { texts, base, username, remember, returnTo, registrationOpen, notice, faults } = view;
  const t = texts.login;
  return (
    <Layout {...view} page="login" title={t.title}>
      <section class="lk-card">
        <h1>{t.title}</h1>
        {notice && !faults ? <Notice>{notice}</Notice> : null}
        <FaultSummary texts={texts} faults={faults} />
        <Form action={`${base}/login`}>
          <Field
            name="username"
            label={t.username}
            autocomplete="username"
            value={username}
            required
            autofocus
            faults={faults}
          />
          <Field
            name="password"
            label={t.password}
            type="password"
            autocomplete="current-password"
            required
            faults={faults}
          />
          <label class="lk-check">
            <input type="checkbox" name="remember" value="on" checked={remember} />
            <span>{t.remember}</span>
          </label>
          {returnTo === undefined ? null : <input type="hidden" name="return_to" value={returnTo} />}
          <Submit>{t.submit}</Submit>
        </Form>
        {registrationOpen ? (
          <p class="lk-aside">
            {t.newHere} <a href={`${base}/register`}>{t.register}</a>
          </p>
        ) : null}
      </section>
    </Layout>
  );
}

import type { VNode } from 'preact';
import { FaultSummary, Field, Form, Submit } from './form.js';
import { Layout } from './layout.js';
import type { FormFaults, PageFrame } from './view.js';

export interface RegisterView extends PageFrame {
  readonly email: string;
  readonly username: string;
  readonly fullName: string;
  readonly faults: FormFaults | undefined;
}

/** The form for a new account. */
export function RegisterPage(view: RegisterView): VNode {
  const { texts, base, email, username, fullName, faults } = view;
  const t = texts.register;
  return (
    <Layout {...view} page="register" title={t.title}>
      <section class="lk-card">
        <h1>{t.title}</h1>
        <FaultSummary texts={texts} faults={faults} />
        <Form action={`${base}/register`}>
          <Field
            name="email"
            label={t.email}
            type="email"
            autocomplete="email"
            value={email}
            required
            autofocus
            faults={faults}
          />
          <Field
            name="username"
            label={t.username}
            hint={t.usernameHint}
            autocomplete="username"
            value={username}
            faults={faults}
          />
          <Field
            name="full_name"
            label={t.fullName}
            hint={t.fullNameHint}
            autocomplete="name"
            value={fullName}
            faults={faults}
          />
          <Field
            name="password"
            label={t.password}
            hint={t.passwordHint}
            type="password"
            autocomplete="new-password"
            required
            faults={faults}
          />
          <Submit>{t.submit}</Submit>
        </Form>
        <p class="lk-aside">
          {t.haveAccount} <a href={`${base}/login`}>{texts.login.submit}</a>
        </p>
      </section>
    </Layout>
  );
}

import type { VNode } from 'preact';
import { Layout, Notice } from './layout.js';
import type { PageFrame } from './view.js';

export interface HomeView extends PageFrame {
  readonly registrationOpen: boolean;
  readonly notice: string | undefined;
}

/** The first page for visitors without a session. */
export function HomePage(view: HomeView): VNode {
  const { texts, base, brand, registrationOpen, notice } = view;
  const t = texts.home;
  return (
    <Layout {...view} page="home" title={t.title}>
      <section class="lk-card">
        <h1>{brand.name}</h1>
        {notice ? <Notice>{notice}</Notice> : null}
        <p>{t.lead(brand.name)}</p>
        <p class="lk-actions">
          <a class="lk-button" href={`${base}/login`}>
            {texts.login.submit}
          </a>
          {registrationOpen ? (
            <a class="lk-button lk-button-plain" href={`${base}/register`}>
              {texts.login.register}
            </a>
          ) : null}
        </p>
        <p class="lk-aside">
          <a href={`${base}/docs`}>{t.docs}</a>
        </p>
      </section>
    </Layout>
  );
}

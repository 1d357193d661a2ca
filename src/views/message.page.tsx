import type { VNode } from 'preact';
import { Layout } from './layout.js';
import type { PageFrame } from './view.js';

export interface MessageView extends PageFrame {
  readonly message: string;
  readonly requestId: string;
}

/** A refusal in words, for requests that have no form to go back to. */
export function MessagePage(view: MessageView): VNode {
  const { texts, base, message, requestId } = view;
  const t = texts.errors;
  return (
    <Layout {...view} page="error" title={t.title}>
      <section class="lk-card">
        <h1>{t.title}</h1>
        <p role="alert">{message}</p>
        <p>
          <a href={`${base}/`}>{t.back}</a>
        </p>
        <p class="lk-hint">{t.requestId(requestId)}</p>
      </section>
    </Layout>
  );
}

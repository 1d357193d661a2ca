import type { ComponentChildren, VNode } from 'preact';
import type { PageFrame } from './view.js';

interface LayoutProps extends PageFrame {
  /** Names the page for the operator's style sheet, as `data-page` of the body. */
  readonly page: string;
  readonly title: string;
  /** Wide pages hold lists; the others are one form. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** The document around a page: language, title, style sheet, the brand above and the content as the main landmark. */
export function Layout({
  texts,
  brand,
  base,
  styles,
  page,
  title,
  wide = false,
  children,
}: LayoutProps): VNode {
  return (
    <html lang={texts.language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · ${brand.name}`}</title>
        <link rel="stylesheet" href={`${base}${styles}`} />
      </head>
      <body class="lk-page" data-page={page}>
        <header class="lk-header">
          <a class="lk-brand" href={`${base}/`}>
            {brand.name}
          </a>
        </header>
        <main class={wide ? 'lk-main lk-main-wide' : 'lk-main'}>{children}</main>
      </body>
    </html>
  );
}

/** A sentence about what was done, announced by screen readers. */
export function Notice({ children }: { readonly children: ComponentChildren }): VNode {
  return (
    <p class="lk-notice" role="status">
      {children}
    </p>
  );
}

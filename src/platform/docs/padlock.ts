/** An authorization of the page: a token answer of the password form, a pasted token, or a client's secret. */
interface Authorized {
  readonly token?: { readonly access_token?: string | undefined };
  readonly value?: unknown;
}

interface System {
  readonly React: {
    readonly createElement: (type: unknown, props: object, ...children: unknown[]) => unknown;
    readonly useEffect: (effect: () => void, dependencies: readonly unknown[]) => void;
  };
  readonly authSelectors: { authorized(): { toJS(): Record<string, Authorized> } };
  readonly authActions: { logoutWithPersistOption(names: readonly string[]): void };
}

interface Securities {
  filter(keep: (security: { readonly size: number }) => boolean): Securities;
}

interface Answer {
  readonly status?: number;
  readonly text?: string;
  /** Present for an answer of 400 and above. */
  readonly err?: { readonly response?: Answer };
}

declare const document: {
  querySelector(selector: string): { focus(): void; scrollTop: number } | null;
};

/**
 * A plugin of Swagger UI for the padlock. The dialog opens at its first field, and Enter sends the password form. The
 * padlock is closed where the page holds a token that is good: not for an operation that works without one, and not after
 * the token has expired or its session has ended. The source of the function is sent to the browser, so the function must
 * not use names from outside.
 */
export function padlock(system: System) {
  const { createElement, useEffect } = system.React;
  const ENDED = /"code":"(?:token_expired|token_revoked|token_stale)"/;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tokenOf = ({ token, value }: Authorized): string | undefined =>
    token?.access_token ?? (typeof value === 'string' ? value : undefined);

  /** Milliseconds since the Unix epoch; Infinity for a text that is no token. */
  const endOf = (token: string): number => {
    try {
      const part = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
      return ((JSON.parse(atob(part)) as { exp?: number }).exp ?? Infinity) * 1000;
    } catch {
      return Infinity;
    }
  };

  /** Removes the tokens that are over now, or all tokens, and sets a timer for the next one. */
  const removeTokens = (which: 'ended' | 'all'): void => {
    clearTimeout(timer);
    const ended: string[] = [];
    let next = Infinity;
    for (const [name, authorized] of Object.entries(system.authSelectors.authorized().toJS())) {
      const token = tokenOf(authorized);
      if (token === undefined) continue;
      const end = endOf(token);
      if (which === 'all' || end <= Date.now()) ended.push(name);
      else next = Math.min(next, end);
    }
    if (ended.length > 0) system.authActions.logoutWithPersistOption(ended);
    // Longer timers would fire at once.
    if (next !== Infinity)
      timer = setTimeout(() => removeTokens('ended'), Math.min(next - Date.now(), 2 ** 31 - 1));
  };

  const thenRemoveEnded =
    (action: (payload: unknown) => unknown) =>
    (payload: unknown): unknown => {
      const result = action(payload);
      removeTokens('ended');
      return result;
    };

  return {
    wrapComponents: {
      oauth2: (Form: unknown) => (props: object) =>
        createElement(
          'form',
          { noValidate: true, onSubmit: (event: { preventDefault(): void }) => event.preventDefault() },
          createElement(Form, props),
        ),
      authorizationPopup: (Popup: unknown) => (props: object) => {
        // Every section focuses its own first field; the last one would win.
        useEffect(() => {
          const content = document.querySelector('.dialog-ux .modal-ux-content');
          document.querySelector('.dialog-ux input:not([type=checkbox])')?.focus();
          if (content) content.scrollTop = 0;
        }, []);
        return createElement(Popup, props);
      },
    },
    statePlugins: {
      auth: {
        wrapActions: {
          authorizeOauth2: thenRemoveEnded,
          authorize: thenRemoveEnded,
          restoreAuthorization: thenRemoveEnded,
        },
        wrapSelectors: {
          isAuthorized:
            (isAuthorized: (securities: Securities) => unknown) => (_: unknown, securities: Securities) =>
              isAuthorized(securities.filter(({ size }) => size > 0)),
        },
      },
      spec: {
        wrapActions: {
          setResponse:
            (set: (...all: unknown[]) => unknown) =>
            (path: string, method: string, answer: Answer): unknown => {
              const isLogout =
                /^\/auth\/logout(?:-all)?$/.test(path) || `${method} ${path}` === 'delete /users/me';
              const { status, text = '' } = answer.err?.response ?? answer;
              if ((isLogout && status === 204) || (status === 401 && ENDED.test(text))) removeTokens('all');
              return set(path, method, answer);
            },
        },
      },
    },
  };
}

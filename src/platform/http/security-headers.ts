import helmet, { type HelmetOptions } from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

const OPTIONS = {
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'self'"],
      // Swagger UI sets styles on its elements and draws its icons from data URLs.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      // The directive would break the page on a host that serves plain HTTP.
      upgradeInsecureRequests: null,
    },
  },
  // Subdomains of this host may belong to other services.
  strictTransportSecurity: { includeSubDomains: false },
};

/**
 * Pages load nothing but their style sheet. `no-referrer` would make the page's own forms send `Origin: null`, which
 * CsrfGuard refuses.
 */
const PAGE_OPTIONS = {
  ...OPTIONS,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      requireTrustedTypesFor: ["'script'"],
    },
  },
  frameguard: { action: 'deny' },
  referrerPolicy: { policy: 'same-origin' },
} as const;

/** The headers of every answer but pages, in lower case. They are constant, so call this once. */
export function securityHeaders(): Record<string, string> {
  return headersOf(OPTIONS);
}

/** The headers of pages. The answer depends on language, form of the answer and session, so no cache may share it. */
export function pageHeaders(): Record<string, string> {
  return { ...headersOf(PAGE_OPTIONS), vary: 'Accept, Accept-Language, Cookie' };
}

function headersOf(options: HelmetOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error;
  });
  return headers;
}

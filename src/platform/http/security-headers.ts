import helmet from 'helmet';
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

/** The headers that helmet sets on every answer, in lower case. They are constant, so call this once. */
export function securityHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name.toLowerCase()] = value),
    removeHeader: () => undefined,
  };
  helmet(OPTIONS)({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error !== undefined) throw error;
  });
  return headers;
}

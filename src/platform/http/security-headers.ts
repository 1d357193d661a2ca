import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';

const OPTIONS = {
  contentSecurityPolicy: {
    directives: {
      defaultSrc: ["'self'"],
      // Swagger UI sets styles on its elements and draws its icons from data URLs.
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:'],
      // It would send the page's own requests to https: on a host that serves plain HTTP.
      upgradeInsecureRequests: null,
    },
  },
  // The other names below this host's are not ours to speak for.
  strictTransportSecurity: { includeSubDomains: false },
};

/** The headers that helmet gives to every answer, in lower case. They are always the same: it is asked once. */
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

import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Public } from '../access/access.decorators.js';
import { SERVICE_SCOPES } from '../access/scopes.js';
import { TOKEN_CONFIG, type TokenConfig } from '../platform/config/config.js';
import { TokenEndpointService } from './token-endpoint.service.js';

const MetadataDto = z.object({
  issuer: z.string(),
  token_endpoint: z.string(),
  revocation_endpoint: z.string(),
  introspection_endpoint: z.string(),
  jwks_uri: z.string(),
  grant_types_supported: z.array(z.string()),
  token_endpoint_auth_methods_supported: z.array(z.string()),
  revocation_endpoint_auth_methods_supported: z.array(z.string()),
  introspection_endpoint_auth_methods_supported: z.array(z.string()),
  response_types_supported: z.array(z.string()),
  scopes_supported: z.array(z.string()),
  service_documentation: z.string(),
});

/** Authentication methods, by their names in RFC 7591 section 2. */
const SECRET_METHODS = ['client_secret_basic', 'client_secret_post'];

@ApiTags('discovery')
@Controller('.well-known')
export class MetadataController {
  constructor(
    private readonly endpoint: TokenEndpointService,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
  ) {}

  /** RFC 8414 section 2: lists only what the service offers. */
  @Public()
  @Get('oauth-authorization-server')
  @Header('cache-control', 'public, max-age=300')
  @ApiOperation({ summary: 'OAuth 2.0 authorization server metadata', description: 'RFC 8414' })
  @ApiOkResponse({ standardSchema: MetadataDto, description: 'The endpoints and what they accept' })
  metadata(): z.output<typeof MetadataDto> {
    const { issuer } = this.config;
    const at = (path: string) => `${issuer.replace(/\/$/, '')}${path}`;
    return {
      issuer,
      token_endpoint: at('/oauth/token'),
      revocation_endpoint: at('/oauth/revoke'),
      introspection_endpoint: at('/oauth/introspect'),
      jwks_uri: at('/.well-known/jwks.json'),
      grant_types_supported: this.endpoint.grantTypes,
      token_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
      revocation_endpoint_auth_methods_supported: [...SECRET_METHODS, 'none'],
      introspection_endpoint_auth_methods_supported: SECRET_METHODS,
      response_types_supported: [],
      scopes_supported: [...SERVICE_SCOPES],
      service_documentation: at('/docs'),
    };
  }
}

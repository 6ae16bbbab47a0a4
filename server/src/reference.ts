import { type OpenAPIHono, z } from '@hono/zod-openapi'
import type { Deps, Env } from './context.ts'
import { protocolRoutes } from './http/protocol-routes.ts'
import { cacheable, page } from './http/respond.ts'
import { staticDocument } from './identity/metadata.ts'
import { homePage } from './pages/home.ts'
import { referencePage } from './pages/reference.ts'
import { VERSION } from './version.ts'

const html = { description: 'A page', content: { 'text/html': { schema: z.string() } } }

/** The contract, generated from the routes of `app`, for machines and for people. */
export function referenceRoutes({ config }: Deps, app: OpenAPIHono<Env>) {
  // Made at the first call: by then every room has its routes.
  let openapi: { body: string; etag: string; document: Record<string, unknown> } | undefined
  const describe = () => {
    if (!openapi) {
      const document = openapiDocument(app, config.issuer)
      openapi = { ...staticDocument(document), document }
    }
    return openapi
  }
  return protocolRoutes([
    {
      method: 'get',
      path: '/openapi.json',
      tag: 'Server',
      summary: 'This contract as OpenAPI 3.1',
      responses: {
        200: {
          description: 'The document',
          content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
        },
      },
      handler: (c) => cacheable(c, describe().body, 'application/json', describe().etag, 300),
    },
    {
      method: 'get',
      path: '/docs',
      tag: 'Server',
      summary: 'This contract for people',
      responses: { 200: html },
      handler: (c) => page(c, referencePage({ nonce: c.get('nonce'), document: describe().document })),
    },
    {
      method: 'get',
      path: '/',
      tag: 'Server',
      summary: 'What this server is',
      responses: { 200: html },
      handler: (c) => page(c, homePage({ nonce: c.get('nonce'), issuer: config.issuer, version: VERSION })),
    },
  ])
}

function openapiDocument(app: OpenAPIHono<Env>, issuer: string): Record<string, unknown> {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Auth Agent',
      version: VERSION,
      description: 'Identity provider, connection broker and model gateway for AI agents.',
    },
    servers: [{ url: issuer }],
  })
  const components = {
    ...document.components,
    securitySchemes: {
      adminKey: { type: 'http', scheme: 'bearer', description: 'The admin key, as Authorization: Bearer or X-API-Key' },
      session: {
        type: 'apiKey',
        in: 'cookie',
        name: 'auth-agent.session_token',
        description: 'A person who is signed in',
      },
      apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'sk-aa-v1', description: 'An API key of a person' },
      brokerKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'A key of BROKER_API_KEYS' },
      clientSecretBasic: {
        type: 'http',
        scheme: 'basic',
        description: 'client_id and client_secret; client_secret_post and private_key_jwt work too',
      },
      accessToken: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'at+jwt',
        description: 'An access token of a sign-in',
      },
    },
  }
  return { ...document, components }
}

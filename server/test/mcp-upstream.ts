import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { freePort } from './free-port.ts'

export type McpUpstream = Awaited<ReturnType<typeof startMcpUpstream>>

/** What is said in the place of what is right. */
export interface Bent {
  status: number
  headers?: Record<string, string>
  body?: string
}

/** An MCP server of somebody else's, by the SDK as it comes: at `/mcp`, and at `/sse` as of 2024. */
export async function startMcpUpstream() {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const seen: { method: string; path: string; headers: IncomingMessage['headers'] }[] = []
  const right = () => ({
    /** Whether a request may come in; everybody, unless a test says otherwise. */
    lets: (_: IncomingMessage): boolean | Promise<boolean> => true,
    challenge: 'Bearer',
    tools: [{ name: 'search', description: 'Looks for things' }],
    /** RFC 9728, by path; undefined: there is none. */
    metadata: {} as Record<string, object>,
    override: (_: { method: string; path: string; headers: IncomingMessage['headers'] }): Bent | undefined => undefined,
  })
  const behaviour = right()
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const streams = new Map<string, SSEServerTransport>()

  function newServer(): McpServer {
    const server = new McpServer({ name: 'upstream', version: '3.2.1' })
    for (const { name, description } of behaviour.tools)
      server.registerTool(name, { description }, async () => ({ content: [{ type: 'text', text: 'found' }] }))
    return server
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0] ?? ''
    const asked = { method: request.method ?? '', path, headers: request.headers }
    seen.push(asked)
    const bent = behaviour.override(asked)
    if (bent) return void response.writeHead(bent.status, bent.headers).end(bent.body)
    const metadata = behaviour.metadata[path]
    if (metadata) return sendJson(response, 200, metadata)
    if (!['/mcp', '/sse', '/messages'].includes(path)) return sendJson(response, 404, {})
    if (!(await behaviour.lets(request)))
      return void response.writeHead(401, { 'www-authenticate': behaviour.challenge }).end()
    if (path === '/mcp') return streamable(request, response)
    if (path === '/sse') {
      const transport = new SSEServerTransport('/messages', response)
      streams.set(transport.sessionId, transport)
      return newServer().connect(transport as never)
    }
    const id = new URL(request.url ?? '', origin).searchParams.get('sessionId') ?? ''
    return streams.get(id)?.handlePostMessage(request, response)
  }

  async function streamable(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const known = sessions.get(String(request.headers['mcp-session-id']))
    if (known) return known.handleRequest(request, response)
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await newServer().connect(transport as never)
    await transport.handleRequest(request, response)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return {
    origin,
    url: `${origin}/mcp`,
    sse: `${origin}/sse`,
    seen,
    behaviour,
    sessions,
    reset() {
      Object.assign(behaviour, right())
      seen.length = 0
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type McpAuthority = Awaited<ReturnType<typeof startMcpAuthority>>

/** An authorization server of our own for it, whose every word a test can bend. It registers whoever asks. */
export async function startMcpAuthority() {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const right = () => ({
    metadata: {} as Record<string, unknown>,
    token: {} as Record<string, unknown>,
    registration: {} as Record<string, unknown>,
    tokenStatus: 200,
  })
  const behaviour = right()
  const seen: { path: string; form: Record<string, string>; body: string; authorization: string | undefined }[] = []
  const clients = new Map<string, { secret: string; redirectUris: string[] }>()
  const codes = new Map<string, URLSearchParams>()
  /** Refresh tokens that work, and the resource that they are for. */
  const live = new Map<string, string>()
  let issued = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const path = request.url?.split('?')[0] ?? ''
    const form = Object.fromEntries(new URLSearchParams(body))
    seen.push({ path, form, body, authorization: request.headers.authorization })
    if (path === '/.well-known/oauth-authorization-server') return sendJson(response, 200, metadata())
    if (path === '/register') return register(response, JSON.parse(body))
    if (path === '/authorize') {
      const asked = new URL(request.url ?? '', issuer)
      return void response
        .writeHead(302, { location: `${asked.searchParams.get('redirect_uri')}?${consent(asked.href)}` })
        .end()
    }
    if (path === '/revoke') {
      live.delete(form.token ?? '')
      return sendJson(response, 200, {})
    }
    if (path !== '/token') return sendJson(response, 404, {})
    const fault = faultOf(form, request.headers.authorization)
    if (fault) return sendJson(response, 400, { error: fault })
    if (behaviour.tokenStatus !== 200) return sendJson(response, behaviour.tokenStatus, { error: 'server_error' })
    sendJson(response, 200, tokens(form.resource ?? ''))
  }

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    revocation_endpoint: `${issuer}/revoke`,
    registration_endpoint: `${issuer}/register`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    authorization_response_iss_parameter_supported: true,
    ...behaviour.metadata,
  })

  function register(response: ServerResponse, said: { redirect_uris: string[] }): void {
    const id = `registered-${clients.size + 1}`
    const secret = `canary-registered-secret-${randomBytes(12).toString('hex')}`
    clients.set(id, { secret, redirectUris: said.redirect_uris })
    const body = { client_id: id, client_secret: secret, client_secret_expires_at: 0, ...behaviour.registration }
    sendJson(response, 201, { ...said, ...body })
  }

  function faultOf(form: Record<string, string>, authorization: string | undefined): string | undefined {
    const [id = '', secret = ''] = Buffer.from(authorization?.slice(6) ?? '', 'base64')
      .toString()
      .split(':')
    if (clients.get(id)?.secret !== decodeURIComponent(secret)) return 'invalid_client'
    if (form.grant_type === 'refresh_token') {
      const resource = live.get(form.refresh_token ?? '')
      if (resource === undefined || resource !== form.resource) return 'invalid_grant'
      live.delete(form.refresh_token ?? '')
      return undefined
    }
    const asked = codes.get(form.code ?? '')
    codes.delete(form.code ?? '')
    const challenge = createHash('sha256')
      .update(form.code_verifier ?? '')
      .digest('base64url')
    const isRight =
      asked?.get('client_id') === id &&
      asked.get('code_challenge') === challenge &&
      asked.get('redirect_uri') === form.redirect_uri &&
      asked.get('resource') === form.resource
    return isRight ? undefined : 'invalid_grant'
  }

  /** What somebody brings back who consents to what the URL asks: refused as the protocol has it, where it is wrong. */
  function consent(authorizationUrl: string): URLSearchParams {
    const url = new URL(authorizationUrl)
    const asked = url.searchParams
    const client = clients.get(asked.get('client_id') ?? '')
    if (url.origin !== issuer || url.pathname !== '/authorize') throw new Error(`not ours: ${url.href}`)
    if (!client?.redirectUris.includes(asked.get('redirect_uri') ?? '')) throw new Error('another redirect_uri')
    if (asked.get('code_challenge_method') !== 'S256' || asked.get('response_type') !== 'code')
      throw new Error('no PKCE, or no code')
    const code = `canary-code-${randomBytes(12).toString('hex')}`
    codes.set(code, asked)
    return new URLSearchParams({ code, state: asked.get('state') ?? '', iss: issuer })
  }

  function tokens(resource: string) {
    issued++
    const access_token = `canary-access-${issued}-${randomBytes(12).toString('hex')}`
    const refresh_token = `canary-refresh-${issued}-${randomBytes(12).toString('hex')}`
    live.set(refresh_token, resource)
    valid.set(access_token, resource)
    return { access_token, refresh_token, token_type: 'Bearer', expires_in: 3600, ...behaviour.token }
  }

  /** Access tokens that work, and what for. */
  const valid = new Map<string, string>()
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return {
    issuer,
    seen,
    behaviour,
    clients,
    live,
    valid,
    calls: (path: string) => seen.filter((call) => call.path === path),
    consent,
    /** One that was registered by hand. */
    enter(id: string, secret: string, redirectUri: string) {
      clients.set(id, { secret, redirectUris: [redirectUri] })
    },
    reset() {
      Object.assign(behaviour, right())
      seen.length = 0
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

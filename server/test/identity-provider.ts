import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { freePort } from './free-port.ts'

export type IdentityProvider = Awaited<ReturnType<typeof startIdentityProvider>>

export interface Seen {
  path: string
  headers: IncomingMessage['headers']
  form: Record<string, string>
  body: string
}

/** What is said in the place of what is right. */
export interface Said {
  status: number
  headers?: Record<string, string>
  body: string | AsyncIterable<Buffer>
}

export type Claims = JWTPayload & Record<string, unknown>
export type Signer = (claims: Claims) => Promise<string>

/** An OpenID provider of our own, whose every answer a test can bend. Consent is given by making a code. */
export async function startIdentityProvider(clientId: string) {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const seen: Seen[] = []
  const first = await newKey('k1')
  let keys = [first]
  const right = () => ({
    metadata: {} as Record<string, unknown>,
    /** What the next id_token says in place of what is right. */
    claims: {} as Claims,
    sign: signWith(keys[0] ?? first),
    token: {} as Record<string, unknown>,
    tokenStatus: 200,
    tokenText: undefined as string | undefined,
    tokenDelayMs: 0,
    down: false,
    /** Asked first, whatever the path; undefined leaves the answer to the rest. */
    override: (_: Seen): Said | undefined => undefined,
    idToken: true,
    userinfo: { sub: 'ada', email: 'ada@idp.example' } as Record<string, unknown>,
  })
  const behaviour = right()
  let issued = 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const path = request.url?.split('?')[0] ?? ''
    const form = Object.fromEntries(new URLSearchParams(body))
    const asked = { path, headers: request.headers, form, body }
    seen.push(asked)
    const said = behaviour.override(asked)
    if (said) return say(response, said)
    if (behaviour.down) return send(response, 503, {})
    if (path === '/.well-known/openid-configuration') return cacheable(request, response, metadata())
    if (path === '/jwks') return cacheable(request, response, { keys: keys.map(({ jwk }) => jwk) })
    if (path === '/userinfo') return send(response, 200, behaviour.userinfo)
    if (path === '/revoke') return send(response, 200, {})
    if (path !== '/token') return send(response, 404, {})
    await new Promise((resolve) => setTimeout(resolve, behaviour.tokenDelayMs))
    if (behaviour.tokenText !== undefined) {
      response.writeHead(behaviour.tokenStatus, { 'content-type': 'text/html' }).end(behaviour.tokenText)
      return
    }
    send(response, behaviour.tokenStatus, await tokens(form))
  }

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    jwks_uri: `${issuer}/jwks`,
    ...behaviour.metadata,
  })

  async function tokens(form: Record<string, string>) {
    const now = Math.floor(Date.now() / 1000)
    const usual: Claims = {
      iss: issuer,
      aud: clientId,
      sub: 'ada',
      email: 'ada@idp.example',
      iat: now,
      exp: now + 86_400,
    }
    const nonce = nonces.get(form.code ?? '')
    const claims = { ...usual, ...(nonce && { nonce }), ...behaviour.claims }
    issued++
    return {
      access_token: `access-canary-${issued}`,
      refresh_token: `refresh-canary-${issued}`,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'openid email',
      ...(behaviour.idToken && { id_token: await behaviour.sign(claims) }),
      ...behaviour.token,
    }
  }

  /** By the code that they were given with. */
  const nonces = new Map<string, string>()
  let codes = 0
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))

  return {
    issuer,
    clientId,
    seen,
    behaviour,
    calls: (path: string) => seen.filter((call) => call.path === path).length,
    /** The query of the callback of somebody who consents to what the URL asks. */
    consent(authUrl: string): URLSearchParams {
      const asked = new URL(authUrl).searchParams
      const code = `code-canary-${++codes}`
      nonces.set(code, asked.get('nonce') ?? '')
      return new URLSearchParams({ code, state: asked.get('state') ?? '' })
    },
    /** As it began, with nothing seen. */
    reset() {
      Object.assign(behaviour, right())
      seen.length = 0
    },
    get keys() {
      return keys
    },
    async rotateKey(kid: string) {
      const key = await newKey(kid)
      keys = [key]
      behaviour.sign = signWith(key)
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

async function newKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } }
}

function signWith({ privateKey, kid }: Awaited<ReturnType<typeof newKey>>): Signer {
  return (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey)
}

async function say(response: ServerResponse, { status, headers, body }: Said): Promise<void> {
  response.writeHead(status, headers)
  await pipeline(typeof body === 'string' ? [body] : body, response).catch(() => response.destroy())
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function cacheable(request: IncomingMessage, response: ServerResponse, body: object): void {
  const text = JSON.stringify(body)
  const etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
  else response.writeHead(200, { 'content-type': 'application/json', etag }).end(text)
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Provider } from '../../src/connections/providers/provider.ts'
import { errorAnswer } from './answer-shape.ts'
import { account, api } from './api-endpoints.ts'
import { authorize } from './authorize-endpoint.ts'
import { type Answer, early, type Fault, send } from './faults.ts'
import { keySet } from './id-tokens.ts'
import { issuedTokens, secret } from './issued-tokens.ts'
import { fillEntry, hostsOf, moveTo, sampleParameters } from './loopback.ts'
import { type Asked, Refusal } from './request-checks.ts'
import { revoke } from './revocation-endpoint.ts'
import { exchange, refresh } from './token-endpoint.ts'
import { addressesOf, ENDPOINTS, type Endpoint, habitsOf, json, type OAuthWorld, type World } from './world.ts'

/** So much of a body is remembered; the rest is counted. */
const KEPT_BYTES = 1024 * 1024

export type Double<P extends Provider = Provider> = Awaited<ReturnType<typeof startDouble<P>>>

/**
 * A provider on loopback that holds whoever calls it to what the entry says, and answers in the entry's shape. `provider` is
 * the entry with every address moved here; `parameters` has values for its placeholders.
 */
export async function startDouble<P extends Provider>(entry: P, now: () => number = Date.now) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = moveTo(origin, entry)
  const parameters = sampleParameters(entry)
  const client = { client_id: secret('client'), client_secret: secret('secret') }
  const values = { ...parameters, client_id: client.client_id }
  const filled = fillEntry(provider, values) as Provider

  const world: World = {
    origin,
    client,
    entry: filled,
    apiHosts: hostsOf(fillEntry(entry, values)),
    key: secret('key'),
    account: accountOf(filled),
    redirectUris: new Set(['https://auth.example/auth/callback']),
    issued: issuedTokens(now),
    now,
    faults: {},
    habits: habitsOf(filled),
    requests: [],
    refusals: [],
  }
  server.on('request', (request, response) => {
    serve(world, request, response).catch((error: unknown) => {
      world.refusals.push(`it failed itself: ${error}`)
      response.destroy()
    })
  })

  return {
    origin,
    provider,
    parameters,
    client,
    /** For an `api_key` entry: the one that works. */
    key: world.key,
    /** What the account's id and label are. */
    account: world.account,
    redirectUris: world.redirectUris,
    faults: world.faults,
    habits: world.habits,
    /** All that was asked, in order. */
    requests: world.requests,
    /** Why requests were refused, in order. */
    refusals: world.refusals,
    issued: world.issued,
    count: (endpoint: Endpoint) => world.requests.filter((asked) => asked.endpoint === endpoint).length,
    reset() {
      Object.assign(world.habits, habitsOf(filled))
      for (const endpoint of ENDPOINTS) delete world.faults[endpoint]
      world.requests.length = 0
      world.refusals.length = 0
    },
    stop: () => stop(server),
  }
}

function accountOf({ account }: Provider) {
  const id = '4711'
  return { id, label: account?.label === account?.id ? id : 'ada@example.com' }
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function serve(world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const asked = await read(world.origin, request)
  const endpoint = endpointOf(world, asked)
  world.requests.push({ ...asked, endpoint })
  const fault = takeFault(world.faults, endpoint)
  if (fault?.delayMs) await sleep(fault.delayMs)
  if (fault?.drop === 'before') {
    request.socket.destroy()
    return
  }
  const shape = (world.entry.kind === 'oauth2' && world.entry.response) || {}
  const answer = early(fault, shape, asked) ?? (await answerOf(world, endpoint, asked))
  await send(response, answer, fault)
}

async function read(origin: string, request: IncomingMessage): Promise<Asked> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (bytes < KEPT_BYTES) kept.push(chunk)
    bytes += chunk.length
  }
  const { method = 'GET', headers } = request
  return { method, headers, url: new URL(request.url ?? '/', origin), body: Buffer.concat(kept).toString(), bytes }
}

function takeFault(faults: World['faults'], endpoint: Endpoint): Fault | undefined {
  const fault = faults[endpoint]
  if (fault?.times === undefined) return fault
  if (fault.times <= 0) return undefined
  fault.times--
  return fault
}

/** Which endpoint an address is; token requests are told apart by their grant. */
function endpointOf(world: World, { url, body }: Asked): Endpoint {
  const { authorization, token, revocation, userinfo, jwks, discovery } = addressesOf(world)
  const isAt = (address: string | undefined) => address !== undefined && new URL(address).pathname === url.pathname
  if (isAt(authorization)) return 'authorize'
  if (isAt(token)) return /grant_type"?[=:]\s*"?refresh_token/.test(body) ? 'refresh' : 'exchange'
  if (isAt(revocation)) return 'revoke'
  const { account } = world.entry
  // At a GraphQL endpoint, only the one question.
  const isAccount = isAt(account?.url) && (account?.body ?? body) === body
  if (isAt(userinfo) || isAccount) return 'account'
  if (isAt(jwks)) return 'jwks'
  if (isAt(discovery)) return 'discovery'
  return world.apiHosts.some((host) => url.pathname.startsWith(`/${host}/`)) ? 'api' : 'elsewhere'
}

async function answerOf(world: World, endpoint: Endpoint, asked: Asked): Promise<Answer> {
  try {
    if (endpoint === 'account') return account(world, asked)
    if (endpoint === 'api') return api(world, asked)
    const { entry } = world
    if (entry.kind !== 'oauth2') throw new Refusal('invalid_request', 'nothing is here')
    return await oauthAnswer({ ...world, entry }, endpoint, asked)
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown
    world.refusals.push(thrown.message)
    return refusalAnswer(world.entry, endpoint, thrown)
  }
}

async function oauthAnswer(world: OAuthWorld, endpoint: Endpoint, asked: Asked): Promise<Answer> {
  if (endpoint === 'authorize') return authorize(world, asked)
  if (endpoint === 'exchange') return exchange(world, asked)
  if (endpoint === 'refresh') return refresh(world, asked)
  if (endpoint === 'revoke') return revoke(world, asked)
  if (endpoint === 'discovery') return json(200, metadata(world))
  if (endpoint === 'jwks') return json(200, await keySet())
  throw new Refusal('invalid_request', `nothing is at ${asked.url.pathname}`)
}

/** RFC 6749 §5.2, in the provider's words where it has its own for a dead refresh token. */
function refusalAnswer(entry: Provider, endpoint: Endpoint, { error, message }: Refusal): Answer {
  if (entry.kind !== 'oauth2') return json(error === 'invalid_token' ? 401 : 400, { error, error_description: message })
  const isDead = endpoint === 'refresh' && error === 'invalid_grant'
  const word = (isDead && entry.dead_refresh_errors?.[0]) || error
  const usual = error === 'invalid_client' || error === 'invalid_token' ? 401 : 400
  const isOfTokens = endpoint === 'exchange' || endpoint === 'refresh'
  const own = (isDead && entry.dead_refresh_statuses?.[0]) || (isOfTokens && entry.response?.error_status)
  return json(own || usual, errorAnswer(entry.response ?? {}, word, message))
}

/** OpenID Connect Discovery §3. */
function metadata({ entry }: OAuthWorld) {
  const { authorization, token, revocation, userinfo, jwks } = addressesOf({ entry })
  return {
    issuer: entry.issuer,
    authorization_endpoint: authorization,
    token_endpoint: token,
    revocation_endpoint: revocation,
    userinfo_endpoint: userinfo,
    jwks_uri: jwks,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: [entry.token_endpoint_auth_method],
    ...(entry.pkce && { code_challenge_methods_supported: ['S256'] }),
    ...(entry.iss_parameter && { authorization_response_iss_parameter_supported: true }),
  }
}

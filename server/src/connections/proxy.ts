import type { Context } from 'hono'
import type { Config } from '../config.ts'
import type { Deps, Env, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { OutboundFailed, OutboundRefused } from '../http/outbound/failure.ts'
import { redact } from '../http/redact.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import { filledProvider } from './filled-provider.ts'
import { allows, type Permission } from './grants.ts'
import { providerLabel } from './mcp-servers/provider-name.ts'
import { type Reached, reachConnection } from './policy.ts'
import { misconfigured, unavailable } from './provider-fault.ts'
import { findProvider } from './provider-registry.ts'
import type { Provider } from './providers/provider.ts'
import { type Credential, credentialOf, passedHeaders, sentHeaders } from './proxy-headers.ts'
import { type ApiAddress, type ProxyTarget, proxyTarget } from './proxy-target.ts'
import { createScrubber } from './scrub.ts'
import { noteUse, requireCaller } from './token.ts'
import { replacedTokens, type UsableTokens, usableTokens } from './usable-tokens.ts'

/** An answer may stream for as long as a model talks. */
const ANSWER_MS = 3_600_000
/** A token as young as this is not what a 401 is about. */
const YOUNG_MS = 60_000
/** Of a call that may be sent twice, in memory. */
const REPEATABLE_BYTES = 256 * 1024
const MAX_AUDITED_PATH = 200

/** A call to a provider's API: the request is sent on, but for its address. */
export interface ApiCall extends ApiAddress {
  request: Request
  /** To the end of the answer. */
  timeoutMs: number
}

interface Call extends Pick<ApiCall, 'request' | 'timeoutMs'> {
  provider: Provider
  target: ProxyTarget
  /** Undefined: it can be sent once only. */
  repeatableBody: Uint8Array<ArrayBuffer> | null | undefined
}

/** `ANY /v1/proxy/{id}/{path}`: the provider's API as if the caller had the token. */
export async function proxy(deps: Deps, c: Context<Env>, connectionId: string): Promise<Response> {
  const principal = requireCaller(c)
  const reached = await reachConnection(deps, connectionId, principal)
  const { pathname, search } = new URL(c.req.url)
  const below = pathname.replace(/^\/v1\/proxy\/[^/]*/, '')
  return callProvider(deps, principal, reached, { below, search, request: c.req.raw, timeoutMs: ANSWER_MS })
}

/**
 * Calls a provider's API for a caller, who never sees the token. What the provider answers comes through with its status;
 * a 401 of it is tried once more with a new token.
 */
export async function callProvider(
  deps: Deps,
  principal: Principal,
  { connection, permission }: Reached,
  { request, timeoutMs, ...address }: ApiCall,
): Promise<Response> {
  const provider = await providerOf(deps, connection)
  const target = proxyTarget(provider, address, request.headers.get('x-auth-agent-host')?.toLowerCase())
  requireAllowed(permission, request.method, target.path)

  const usable = await usableTokens(deps, connection)
  const call = { provider, target, request, timeoutMs, repeatableBody: await repeatableBody(request) }
  const { response, tokens, credential } = await measured(deps, connection, callTwiceAtMost(deps, call, usable))

  const path = String(redact(target.path)).slice(0, MAX_AUDITED_PATH)
  const detail = { method: request.method, path, status: response.status }
  await noteUse(deps, principal, usable.row, 'connection.used', detail)
  const { access_token, refresh_token = '' } = tokens
  const scrubber = createScrubber([access_token, refresh_token, ...Object.values(credential.headers)])
  const headers = passedHeaders(response.headers, scrubber.text)
  const location = response.headers.get('location')
  if (location !== null)
    headers.set('location', scrubber.text(ownLocation(deps, connection.connection_id, target, credential, location)))
  return new Response(response.body?.pipeThrough(scrubber.stream()) ?? null, { status: response.status, headers })
}

/** Counts how the provider answered, by the class of its status. */
async function measured(
  { metrics }: Deps,
  { provider_name }: ConnectionRow,
  calling: Promise<Answered>,
): Promise<Answered> {
  const provider = providerLabel(provider_name)
  try {
    const answered = await calling
    metrics.proxied.inc({ provider, outcome: `${Math.floor(answered.response.status / 100)}xx` })
    return answered
  } catch (thrown) {
    metrics.proxied.inc({ provider, outcome: thrown instanceof ApiError ? thrown.code : 'failed' })
    throw thrown
  }
}

async function providerOf(deps: Deps, connection: ConnectionRow): Promise<Provider> {
  const effective = await findProvider(deps, connection.provider_name)
  if (!effective) throw misconfigured()
  return filledProvider(effective, JSON.parse(connection.parameters))
}

function requireAllowed(permission: Permission, method: string, path: string): void {
  if (!allows(permission, method, path))
    throw new ApiError('forbidden', `Your grant for this connection does not cover ${method} at this path`)
}

/** What reads only, and what the caller itself promises to be good for twice (`Idempotency-Key`), if it is small. */
async function repeatableBody(request: Request): Promise<Call['repeatableBody']> {
  const isPromised = request.headers.has('idempotency-key')
  if (!['GET', 'HEAD', 'OPTIONS'].includes(request.method) && !isPromised) return undefined
  if (request.body === null) return null
  const length = request.headers.get('content-length')
  return length !== null && Number(length) <= REPEATABLE_BYTES ? new Uint8Array(await request.arrayBuffer()) : undefined
}

interface Answered extends Pick<UsableTokens, 'tokens'> {
  response: Response
  credential: Credential
}

async function callTwiceAtMost(deps: Deps, call: Call, usable: UsableTokens): Promise<Answered> {
  const first = await callOnce(deps, call, usable)
  if (first.response.status !== 401 || !isWorthRefreshing(deps, usable)) return first
  const replaced = await replacedTokens(deps, usable.row)
  if (call.repeatableBody === undefined) return first
  await first.response.body?.cancel()
  return callOnce(deps, call, replaced)
}

function isWorthRefreshing({ now }: Deps, { row, tokens }: UsableTokens): boolean {
  const isYoung = row.refreshed_at !== null && now() - row.refreshed_at < YOUNG_MS
  return tokens.refresh_token !== undefined && !isYoung
}

async function callOnce(deps: Deps, call: Call, { tokens }: UsableTokens): Promise<Answered> {
  const { provider, request, repeatableBody } = call
  const credential = credentialOf(provider, tokens.access_token)
  const url = new URL(call.target.url)
  for (const [name, value] of Object.entries(credential.query)) url.searchParams.set(name, value)
  try {
    const response = await deps.outbound.stream(url, {
      method: request.method,
      headers: sentHeaders(request.headers, provider, credential),
      body: repeatableBody === undefined ? request.body : repeatableBody,
      signal: request.signal,
      timeoutMs: call.timeoutMs,
    })
    return { response, tokens, credential }
  } catch (thrown) {
    throw toApiFault(thrown)
  }
}

/** What it means for the caller that the provider's API could not be called, or broke off. */
export function toApiFault(thrown: unknown): unknown {
  if (thrown instanceof OutboundRefused && thrown.reason === 'bad_request')
    return new ApiError('invalid_request', 'The method, a header or the body is not valid', { cause: thrown })
  if (thrown instanceof OutboundRefused) return misconfigured(thrown)
  return thrown instanceof OutboundFailed ? unavailable(0, thrown) : thrown
}

/**
 * A redirect within the API comes back to the proxy, where it gets its credential again; one that leads elsewhere is the
 * caller's to follow, without any.
 */
function ownLocation(
  { config }: Deps,
  connectionId: string,
  { url, base }: ProxyTarget,
  { query }: Credential,
  location: string,
): string {
  if (!URL.canParse(location, url.href)) return location
  const led = new URL(location, url)
  for (const name of Object.keys(query)) led.searchParams.delete(name)
  if (!led.href.startsWith(`${base}/`)) return led.href
  return `${proxyAddress(config, connectionId)}${led.href.slice(base.length)}`
}

/** What stands in front of the provider's paths, here. */
export function proxyAddress({ issuer }: Pick<Config, 'issuer'>, connectionId: string): string {
  return `${issuer}/v1/proxy/${connectionId}`
}

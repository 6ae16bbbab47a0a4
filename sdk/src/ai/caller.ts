/** Who is calling, as Auth Agent says. */
export interface Caller extends Membership {
  /** The person: who holds the API key, or for whom the agent acts. */
  id: string
  email: string | null
  name: string | null
  /** The agent that calls for them. */
  agentId: string | null
  /** The app that got the key when the person let it in: an app with users of its own takes keys of no other. */
  clientId: string | null
}

/** Where the person belongs, and as what. Null: Auth Agent does not say. */
export interface Membership {
  organizationId: string | null
  role: string | null
}

/** For agents' own tokens: a client registered with `resource_server`, and what the tokens must be for. */
export interface TokenIntrospection {
  clientId: string
  clientSecret: string
  /** The `resource` that agents name when they get a token for this server: its own address. */
  resource: string
}

export interface CallerSource {
  issuer: string
  tokens?: TokenIntrospection | undefined
  fetch: typeof globalThis.fetch
}

/** Auth Agent cannot be asked now. */
export class AuthAgentUnavailable extends Error {
  override readonly name = 'AuthAgentUnavailable'
}

/** Who a credential is of, and until when it lives, if that is known (epoch milliseconds). */
export interface KnownCaller {
  caller: Caller
  expiresAt: number
}

const TIMEOUT_MS = 5_000

/** Undefined: the credential opens nothing here. */
export function askForCaller(source: CallerSource, credential: string): Promise<KnownCaller | undefined> {
  const isToken = credential.split('.').length === 3
  if (!isToken) return holderOfKey(source, credential)
  return source.tokens ? subjectOfToken(source, source.tokens, credential) : Promise.resolve(undefined)
}

interface Described {
  user: { id: string; email: string | null; name: string | null }
  agent_id: string | null
  client_id: string | null
  organization_id: string | null
  role: string | null
}

/** A key that may call models; of an app's, Auth Agent does not say where its user belongs. */
async function holderOfKey(source: CallerSource, key: string): Promise<KnownCaller | undefined> {
  const headers = { authorization: `Bearer ${key}` }
  const described = await ask<Described>(source, '/v1/caller', { headers }, [401, 403])
  if (typeof described?.user?.id !== 'string') return undefined
  const { user, agent_id, client_id, organization_id, role } = described
  const caller = {
    id: user.id,
    email: textOf(user.email),
    name: textOf(user.name),
    agentId: textOf(agent_id),
    clientId: textOf(client_id),
    organizationId: textOf(organization_id),
    role: textOf(role),
  }
  return { caller, expiresAt: Number.POSITIVE_INFINITY }
}

interface Introspected {
  active: boolean
  sub?: string
  aud?: string | string[]
  exp?: number
  token_type?: string
  agent_id?: string
  act_for?: { sub?: string; email?: string; name?: string }
}

/** RFC 7662. A token that is good elsewhere is not good here (RFC 9068 §4). */
async function subjectOfToken(
  source: CallerSource,
  { clientId, clientSecret, resource }: TokenIntrospection,
  token: string,
): Promise<KnownCaller | undefined> {
  const answer = await ask<Introspected>(source, '/introspect', {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`)}` },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
  })
  const { active, sub, aud, exp, token_type, agent_id, act_for } = answer ?? { active: false }
  const isForUs = Array.isArray(aud) ? aud.includes(resource) : aud === resource
  if (active !== true || token_type !== 'Bearer' || typeof sub !== 'string' || typeof exp !== 'number' || !isForUs)
    return undefined
  const caller = {
    id: act_for?.sub ?? sub,
    email: textOf(act_for?.email),
    name: textOf(act_for?.name),
    agentId: textOf(agent_id),
    clientId: null,
    organizationId: null,
    role: null,
  }
  return { caller, expiresAt: exp * 1000 }
}

/** Undefined where the answer has one of the statuses that say no. Whatever else is not an answer is no word on the caller. */
async function ask<Body>(
  { issuer, fetch }: CallerSource,
  path: string,
  init: RequestInit,
  refusals: readonly number[] = [],
): Promise<Body | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const unavailable = (cause: unknown) => new AuthAgentUnavailable(`Auth Agent does not answer at ${path}`, { cause })
  try {
    const answer = await fetch(`${issuer}${path}`, { ...init, redirect: 'manual', signal })
    const body = (await answer.json()) as Body
    if (answer.ok) return body
    if (refusals.includes(answer.status)) return undefined
    throw new Error(`${path} answered ${answer.status}`)
  } catch (error) {
    throw unavailable(error)
  }
}

function textOf(said: unknown): string | null {
  return typeof said === 'string' && said !== '' ? said : null
}

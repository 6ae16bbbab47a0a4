import { AuthAgentUnavailable, askForCaller, type Caller, type Membership, type TokenIntrospection } from './caller.ts'
import { withoutReservedNames } from './caller-body.ts'
import { rememberCallers } from './known-callers.ts'
import {
  type ContextLike,
  contextsOf,
  isReserved,
  MASTRA_RESOURCE_ID,
  MASTRA_USER,
  MODEL,
  ORGANIZATION_ID,
  ROLE,
  USER,
} from './request-context.ts'

export interface MastraMiddlewareOptions {
  /** Where Auth Agent is: `https://auth.example`. */
  issuer: string
  /**
   * The models that a caller may choose by `requestContext.model`; a function may look who is calling, or ask
   * `gateway.models()`. Left out: nobody chooses.
   */
  models?: readonly string[] | ((caller: Caller) => readonly string[] | PromiseLike<readonly string[]>)
  /** The model of those who chose none. */
  defaultModel?: string
  /** Where a person belongs in your application, and as what, in the place of what Auth Agent says. */
  membershipOf?: (caller: Caller) => Membership | PromiseLike<Membership>
  /** Lets in agents that bring a token of their own for this server. */
  tokens?: TokenIntrospection
  /** For how long it is remembered who a credential is of: what was revoked opens nothing after this time. 5 s; at most 60. */
  rememberForMs?: number
  /** In the place of the global one. */
  fetch?: typeof globalThis.fetch
  /** Epoch milliseconds. */
  now?: () => number
}

/** As much of Hono's context as is needed. */
export interface ServerContext {
  req: { raw: Request; header(name: string): string | undefined }
  get(key: string): unknown
}

export type MastraMiddleware = (c: ServerContext, next: () => Promise<void>) => Promise<Response | undefined>

const MAX_REMEMBERED_MS = 60_000

/**
 * For `server.middleware` of Mastra: lets in whoever Auth Agent knows, and says to agents, tools and workflows who it is.
 * `user`, `organizationId`, `role` and `model` of the request's context are then the server's word, and memory is the
 * person's; what a caller said under these names, or under Mastra's own (`mastra__*`), is gone.
 */
export function mastraMiddleware(options: MastraMiddlewareOptions): MastraMiddleware {
  const { issuer, tokens, rememberForMs = 5_000, fetch = globalThis.fetch, now = Date.now } = options
  if (!(rememberForMs >= 0 && rememberForMs <= MAX_REMEMBERED_MS))
    throw new RangeError('rememberForMs is between 0 and 60000: what was revoked must stop opening')
  const source = { issuer: new URL(issuer).href.replace(/\/+$/, ''), tokens, fetch }
  const callerOf = rememberCallers((credential) => askForCaller(source, credential), { forMs: rememberForMs, now })

  return async (c, next) => {
    const credential = /^Bearer +([^\s,]+) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (credential === undefined) return unauthorized('Send an API key of Auth Agent as Authorization: Bearer')
    try {
      const caller = await callerOf(credential)
      if (!caller) return unauthorized('The API key is unknown, or has ended', 'invalid_token')

      const contexts = contextsOf(c)
      if (contexts.length === 0)
        throw new Error('There is no request context yet: give this middleware to server.middleware of Mastra')
      const model = await modelFor(options, caller, contexts)
      await takeOutReservedNames(c)
      const membership = options.membershipOf ? await options.membershipOf(caller) : caller
      for (const context of contexts) tell(context, caller, membership, model)
    } catch (error) {
      if (error instanceof Refusal) return refused(400, 'invalid_request', error.message)
      if (error instanceof AuthAgentUnavailable)
        return refused(503, 'temporarily_unavailable', 'Who you are cannot be asked right now; try again in a moment', {
          'retry-after': '5',
        })
      throw error
    }
    await next()
    return undefined
  }
}

/** What the caller asks for cannot be done. */
class Refusal extends Error {}

/** What was chosen, if it may be: by a settings panel, through the context that Mastra read from body or query. */
async function modelFor(
  { models = [], defaultModel }: MastraMiddlewareOptions,
  caller: Caller,
  contexts: readonly ContextLike[],
): Promise<string | null> {
  const chosen = contexts.map((context) => context.get(MODEL)).find((model) => model !== undefined && model !== null)
  if (chosen === undefined) return defaultModel ?? null
  const offered = typeof models === 'function' ? await models(caller) : models
  if (typeof chosen !== 'string' || !(chosen === defaultModel || offered.includes(chosen)))
    throw new Refusal('requestContext.model is not a model that you may choose')
  return chosen
}

/** Handlers of Mastra merge parts of the body after this; those of before 1.0 all of it, over what stands here. */
async function takeOutReservedNames({ req }: ServerContext): Promise<void> {
  try {
    req.raw = await withoutReservedNames(req.raw)
  } catch (error) {
    // A stack that runs over.
    if (error instanceof RangeError) throw new Refusal('The body is nested too deeply', { cause: error })
    throw error
  }
}

/** What is not known is null and not left out: there is nothing to be filled in by somebody else. */
function tell(context: ContextLike, caller: Caller, membership: Membership, model: string | null): void {
  for (const key of [...context.keys()]) if (isReserved(key)) context.delete(key)
  const { organizationId: _, role: __, ...user } = caller
  context.set(USER, user)
  context.set(ORGANIZATION_ID, membership.organizationId ?? null)
  context.set(ROLE, membership.role ?? null)
  context.set(MODEL, model)
  context.set(MASTRA_RESOURCE_ID, user.id)
  context.set(MASTRA_USER, user)
}

/** RFC 6750 §3. */
function unauthorized(sentence: string, error?: 'invalid_token'): Response {
  const challenge = error ? `Bearer error="${error}"` : 'Bearer'
  return refused(401, error ?? 'unauthorized', sentence, { 'www-authenticate': challenge })
}

function refused(status: number, error: string, sentence: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error, error_description: sentence }, { status, headers })
}

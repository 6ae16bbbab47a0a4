import { z } from 'zod'
import { answerOnce, keyedCall } from '../accounts/idempotency.ts'
import { requireMember } from '../accounts/roles.ts'
import type { Deps, Principal } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import type { ConnectionRow } from '../storage/connections.ts'
import { isBrowserBound, SessionBinding } from './browser-binding.ts'
import { newConsentRequest, type RequestedConnection } from './consent-request.ts'
import type { OAuthClient } from './effective-provider.ts'
import { mcpServerOf } from './mcp-servers/provider-name.ts'
import { checkParameters } from './parameters.ts'
import { requireConnection, requireConnectionsCaller, requireMaker, unknownConnection } from './policy.ts'
import { findOfferedProvider } from './provider-registry.ts'
import { isAllowedReturnUrl } from './return-url.ts'
import { SessionChallenge } from './session-binding.ts'

const text = (max: number) =>
  z.string().trim().min(1, 'must not be empty').max(max, `must have at most ${max} characters`)
// RFC 6749 §3.3, and the commas that some providers write between them are not part of any.
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/, 'must be scope tokens')

/** `POST /v1/request-connection`. */
export const ConnectionRequest = z.object({
  user_id: text(200),
  provider_name: text(64),
  scopes: z
    .union([
      z.array(scope),
      z
        .string()
        .transform((words) => words.split(/[\s,]+/).filter(Boolean))
        .pipe(z.array(scope)),
    ])
    .refine((all) => all.length <= 200, 'must be at most 200')
    .optional(),
  return_url: z.string().nullable().optional(),
  /** A connection that is to be made again, under the same id. */
  connection_id: z.string().max(200).optional(),
  /** Which of their accounts the person shall choose. */
  account: text(254).optional(),
  /** What the provider must be told before it can be reached: a shop, a subdomain. */
  parameters: z.record(z.string().max(64), z.string().max(200)).optional(),
  session_challenge: SessionChallenge.optional(),
  /** At least this; the operator may ask for more. */
  session_binding: SessionBinding.optional(),
})

export type ConnectionRequest = z.output<typeof ConnectionRequest>

/** Begins an OAuth flow, for whoever may ask a person for their account. */
export async function requestConnection(
  deps: Deps,
  request: ConnectionRequest,
  idempotencyKey: string | undefined,
  principal: Principal,
  /** Of the browser that asks, where it is one, and the provider sends it back to where it has its cookie. */
  browserSecret?: string,
): Promise<RequestedConnection> {
  requireConnectionsCaller(principal)
  requireMember(principal)
  if (request.return_url != null && !isAllowedReturnUrl(deps.config, request.return_url)) throw invalidReturnUrl()
  const browserBound = isBrowserBound(deps.config, request, browserSecret !== undefined)
  const client = await requireOAuthClient(deps, request.provider_name)
  const known = request.connection_id === undefined ? undefined : await reconnected(deps, request, client, principal)
  const parameters = known ? { ...JSON.parse(known.parameters), ...request.parameters } : (request.parameters ?? {})
  checkParameters(client.provider.parameters ?? [], parameters)

  const { answer, write } = await newConsentRequest(
    deps,
    {
      client,
      parameters,
      scopes: request.scopes ?? scopesOf(known) ?? [...client.provider.scopes],
      userRef: request.user_id,
      account: request.account,
      known,
      returnUrl: request.return_url ?? null,
      sessionChallenge: request.session_challenge,
      browserBound,
      browserSecret,
      startsAt: deps.config.broker.publicUrl,
    },
    principal,
  )
  const caller = [principal.orgId, principal.id]
  const now = deps.now()
  const keyed =
    idempotencyKey === undefined ? undefined : keyedCall(deps, { key: idempotencyKey, caller, request, now })
  return deps.db.write(async (work) => {
    const once = await answerOnce(deps, work.trx, keyed, answer)
    if (once.isRepeat) return once.answer
    await write(work)
    return answer
  })
}

function invalidReturnUrl(): ApiError {
  return new ApiError(
    'invalid_return_url',
    'The return_url is not one that people may be sent to; the operator lists its host in ALLOWED_RETURN_DOMAINS',
  )
}

/** A provider that a person can be sent to, with our client there. */
async function requireOAuthClient(deps: Deps, name: string): Promise<OAuthClient> {
  const found = await findOfferedProvider(deps, name)
  const fault = (sentence: string) =>
    new ApiError('validation_failed', `provider_name: ${sentence}`, { fields: { provider_name: sentence } })
  if (mcpServerOf(name) !== undefined)
    throw fault('is an MCP server; an administrator authorizes it where it is set up')
  if (!found) throw fault('is no provider that is known here')
  const { provider, clientId } = found
  if (provider.kind !== 'oauth2') throw fault('takes an API key, and sends nobody to consent')
  if (clientId === null) throw fault('is not set up here; the operator registers a client there first')
  return { ...found, provider, clientId }
}

/** The connection that is made again: the caller's, of the same person at the same provider. */
async function reconnected(
  deps: Deps,
  { connection_id: connectionId = '', user_id: userId }: ConnectionRequest,
  { provider }: OAuthClient,
  principal: Principal,
): Promise<ConnectionRow> {
  const connection = await requireConnection(deps, connectionId, principal)
  if (connection.user_ref !== userId || connection.provider_name !== provider.name) throw unknownConnection()
  requireMaker(principal, connection)
  return connection
}

/** A connection that is made again asks for what it had. */
function scopesOf(known: ConnectionRow | undefined): string[] | undefined {
  const had = known ? (JSON.parse(known.scopes) as string[]) : []
  return had.length > 0 ? had : undefined
}

import type { Deps, Principal } from '../../context.ts'
import { ApiError } from '../../http/errors.ts'
import { createBell } from '../../resilience/bell.ts'
import { findAgent } from '../../storage/agents.ts'
import { isAskedFor } from '../../storage/connection-flows.ts'
import { type ConnectionRow, findConnection } from '../../storage/connections.ts'
import { connectionTopic } from '../../storage/topics.ts'
import type { RequestedConnection } from '../consent-request.ts'
import { unknownConnection } from '../policy.ts'
import { requestConnection } from '../request-connection.ts'
import { standingOf } from '../views.ts'
import type { Exchange, Link, ToolAnswer } from './exchange.ts'
import { toolResult } from './tool-result.ts'

/** Clients give up on a call after a minute. */
const WAIT_MS = 45_000
/** Calls within this time, such as those that a model makes at once, share one link. */
const SHARED_MS = 10_000

/** An account that a call needs, and a person has to connect. */
export interface Wanted {
  providerName: string
  label: string
  userId: string
  /** One that was asked for before, or that has to be made again. */
  known: ConnectionRow | undefined
  /** What is to be called again afterwards. */
  tool: string
}

export type Consented = { connection: ConnectionRow } | { answer: ToolAnswer }

/**
 * Gets a person's consent while the caller waits, or what the caller is told instead: a link, and to call again. Nothing
 * is remembered but the connection: whoever calls again, at whatever process, finds it.
 */
export async function obtainConsent(
  deps: Deps,
  principal: Principal,
  wanted: Wanted,
  exchange: Exchange,
): Promise<Consented> {
  if (exchange.linkAnswer === 'refused') throw notConnected(wanted, 'the person did not open the link')
  const { known } = wanted
  const began = deps.now()
  const wait = (asked: ConnectionRow, ms: number) => awaitConsent(deps, asked, wanted, began + ms, exchange.signal)
  // Who cannot be told of another link has one already; so has, by another call, who was asked for just now.
  const isTold = known && (!exchange.tellsAtOnce || began - known.updated_at < SHARED_MS)
  const connection = isTold && (await wait(known, exchange.tellsAtOnce ? SHARED_MS : WAIT_MS))
  if (connection) return { connection }

  const requested = await ask(deps, principal, wanted)
  const link = linkOf(wanted, requested)
  if (exchange.showLink) return { answer: exchange.showLink(link) }
  if (exchange.tellsAtOnce) {
    await exchange.report?.(`${link.message} ${link.url}`)
    const asked = await findConnection(deps.db.read, requested.connection_id)
    const consented = asked && (await wait(asked, WAIT_MS))
    if (consented) return { connection: consented }
  }
  return { answer: linkResult(wanted, requested, link) }
}

/** The person whose account it is, where the caller does not say: an agent's owner, or whoever holds the key. */
export async function ownPerson({ db }: Pick<Deps, 'db'>, principal: Principal): Promise<string> {
  const agent = principal.kind === 'agent' ? await findAgent(db.read, principal.id) : undefined
  return agent?.user_id ?? principal.id
}

function ask(deps: Deps, principal: Principal, { providerName, userId, known }: Wanted): Promise<RequestedConnection> {
  const request = {
    user_id: userId,
    provider_name: providerName,
    ...(known && { connection_id: known.connection_id }),
  }
  // With spaces: no caller's own Idempotency-Key is like it.
  const key = `mcp ${JSON.stringify(request)} ${known?.updated_at} ${Math.floor(deps.now() / SHARED_MS)}`
  return requestConnection(deps, request, key, principal)
}

/**
 * The connection, once the person has consented; undefined when nobody asks them now, or they do not answer for as long as
 * a caller waits.
 */
async function awaitConsent(
  deps: Deps,
  asked: ConnectionRow,
  wanted: Wanted,
  until: number,
  signal: AbortSignal,
): Promise<ConnectionRow | undefined> {
  const { connection_id: connectionId } = asked
  const wasPending = standingOf(asked, deps.now()).status === 'pending'
  // Of one that is pending, the person may have come back just now, with the link used.
  const isOpen = wasPending || (await isAskedFor(deps.db.read, connectionId, deps.now()))
  const bell = createBell()
  const unsubscribe = deps.db.subscribe(connectionTopic(connectionId), bell.ring)
  const ends = AbortSignal.any([signal, deps.draining])
  ends.addEventListener('abort', bell.ring)
  try {
    for (;;) {
      const connection = await findConnection(deps.db.read, connectionId)
      if (!connection) throw unknownConnection()
      const { status, reason } = standingOf(connection, deps.now())
      if (status === 'active') return connection
      if (status === 'failed' && wasPending) throw notConnected(wanted, String(reason))
      if (signal.aborted) throw new ApiError('invalid_request', 'The call was cancelled')
      const left = isOpen ? until - deps.now() : 0
      if (left <= 0 || deps.draining.aborted || !(await bell.wait(left))) return undefined
    }
  } finally {
    unsubscribe()
    ends.removeEventListener('abort', bell.ring)
  }
}

function notConnected({ label, tool }: Wanted, why: string): ApiError {
  return new ApiError('access_denied', `${label} was not connected (${why}); call ${tool} again to ask once more`)
}

function linkOf({ label, known }: Wanted, { authUrl: url, connection_id: id }: RequestedConnection): Link {
  const again = known?.tokens_sealed ? ' again' : ''
  return { id, url, message: `Connect ${label}${again} by this link:` }
}

function linkResult(
  { label, known, userId, tool }: Wanted,
  { authUrl, connection_id }: RequestedConnection,
  { message }: Link,
): ToolAnswer {
  const why = known?.tokens_sealed
    ? `The account at ${label} has to be connected again`
    : `There is no account at ${label} yet`
  return toolResult(
    {
      error: known?.tokens_sealed ? 'reauth_required' : 'connection_pending',
      error_description: `${why}. Show the person the link; when they have consented, call ${tool} again with the same arguments.`,
      message,
      consent_url: authUrl,
      connection_id,
      user_id: userId,
    },
    true,
  )
}

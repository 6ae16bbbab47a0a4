import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { type Form, parseQuery } from '../http/form.ts'
import { protocolRoutes } from '../http/protocol-routes.ts'
import { noContent, page, seeOther } from '../http/respond.ts'
import { type NoticeView, noticePage } from '../pages/notice.ts'
import { type ConnectionFlowRow, findConnectionFlow, useConnectionFlow } from '../storage/connection-flows.ts'
import { type ConnectionRow, failPendingConnection, findConnection } from '../storage/connections.ts'
import type { ConnectionTable } from '../storage/schema.ts'
import { connectionTopic, organizationTopic } from '../storage/topics.ts'
import { activate } from './activation.ts'
import { isBrowserOf } from './browser-binding.ts'
import { ConsentFailed, exchangeCode } from './code-exchange.ts'
import { mcpServerEvent, mcpServerOf, providerLabel } from './mcp-servers/provider-name.ts'
import { isAllowedReturnUrl, withParameters } from './return-url.ts'
import { holdForSession } from './session-binding.ts'
import { start } from './start.ts'
import { START_AGAIN, unknownState } from './unknown-state.ts'
import { announce } from './webhooks.ts'

/** Where people begin, where that is ours to see, and where providers send them back to: `/auth/callback`, and one for each provider (RFC 9700 §4.4.2.2). */
export function callbackRoutes(deps: Deps) {
  const documented = {
    method: 'get' as const,
    tag: 'Connections',
    description: 'A provider sends the person here, with `state` and `code` or `error`; they go on to the return_url.',
    query: z.object({ state: z.string(), code: z.string().optional(), error: z.string().optional() }),
    responses: { 200: PAGE, 303: { description: 'To the return_url' }, 400: PAGE },
  }
  return protocolRoutes([
    {
      ...documented,
      path: '/auth/start',
      summary: 'Begin a connection that is held to one browser',
      description: 'Says who asks for what, and goes on to the provider; the same browser has to come back.',
      query: z.object({ state: z.string(), continue: z.literal('1').optional() }),
      responses: { 200: PAGE, 303: { description: 'To the provider' }, 400: PAGE },
      handler: (c) => start(deps, c),
    },
    {
      ...documented,
      path: '/auth/callback',
      summary: 'Come back from a provider',
      handler: (c) => callback(deps, c, ({ provider_name }) => mcpServerOf(provider_name) === undefined),
    },
    {
      ...documented,
      path: '/auth/callback/:provider',
      summary: 'Come back from one provider',
      handler: (c) => callback(deps, c, isOf(c.req.param('provider')?.toLowerCase() ?? '')),
    },
  ])
}

const PAGE = { description: 'A page', content: { 'text/html': { schema: z.string() } } }

type Reason = NonNullable<ConnectionTable['reason']>

/** How it came out, as the return_url is told. */
type Outcome = { status: 'success' } | { status: 'confirm' } | { status: 'error'; error: string }

/** Whether a flow comes back at this address. */
type IsExpected = (flow: ConnectionFlowRow) => boolean

/** RFC 9700 §4.4.2.2. The servers of others have an address of their own. */
const isOf =
  (provider: string): IsExpected =>
  ({ provider_name }) =>
    provider_name === provider && mcpServerOf(provider_name) === undefined

/** What a provider answers, by the browser of the person who was asked: it is used once, and at its own address only. */
export async function callback(deps: Deps, c: Context<Env>, isExpected: IsExpected): Promise<Response> {
  // Whatever looks at links before people do must not use up what their browser brings.
  if (c.req.method === 'HEAD') return noContent(c)
  const answer = parseQuery(c)
  const flow = await claimFlow(deps, c, answer.get('state'), isExpected)
  if (!flow) return unknownState(c)

  const connection = await findConnection(deps.db.read, flow.connection_id)
  if (!connection) return unknownState(c)
  const outcome = await conclude(deps, flow, connection, answer)
  deps.metrics.connections.inc({ provider: providerLabel(flow.provider_name), outcome: measured(outcome) })
  return respondOutcome(deps, c, flow, outcome)
}

const MEASURED = ['access_denied', 'account_mismatch', 'exchange_failed', 'invalid_id_token', 'invalid_issuer']

/** Whatever a provider may call its errors, there are not many labels. */
function measured(outcome: Outcome): string {
  if (outcome.status !== 'error') return outcome.status
  return MEASURED.includes(outcome.error) ? outcome.error : 'other'
}

/**
 * The flow that this state began, for the one caller who brings it first and in time. Nothing is said about a state
 * that is not one, and nothing happens to a flow whose state comes back from another provider.
 */
async function claimFlow(deps: Deps, c: Context<Env>, state: string | undefined, isExpected: IsExpected) {
  if (state === undefined || state.length > 200) return undefined
  const flow = await findConnectionFlow(deps.db.read, deps.ring.hashes('connection_state', state))
  if (!flow || !isExpected(flow)) return undefined
  // Who brings the answer in another browser is not who was asked; the right one can still bring it.
  if (flow.browser_bound === 1 && !isBrowserOf(deps, c, state, flow)) return undefined
  const isFirst = await deps.db.write(({ trx }) => useConnectionFlow(trx, flow.state_hash, deps.now()))
  return isFirst ? flow : undefined
}

async function conclude(
  deps: Deps,
  flow: ConnectionFlowRow,
  connection: ConnectionRow,
  answer: Form,
): Promise<Outcome> {
  try {
    const consent = await exchangeCode(deps, { flow, answer })
    if (flow.session_challenge !== null) {
      await holdForSession(deps, flow, consent)
      return { status: 'confirm' }
    }
    const isActive = await deps.db.write((work) => activate(deps, work, flow, consent))
    return isActive ? { status: 'success' } : failure('superseded')
  } catch (thrown) {
    if (!(thrown instanceof ConsentFailed)) throw thrown
    // That somebody says no is none of the operator's trouble. A cause may hold what the provider said: the redactor sees to it.
    const told = { provider: flow.provider_name, connection_id: flow.connection_id, reason: thrown.reason }
    if (thrown.reason === 'denied') deps.log.info(told, 'no consent')
    else deps.log.warn({ ...told, error: thrown.cause ?? thrown }, 'no consent')
    await fail(deps, flow, connection, thrown.reason, thrown.error)
    return failure(thrown.error)
  }
}

const failure = (error: string): Outcome => ({ status: 'error', error })

async function fail(
  deps: Deps,
  flow: ConnectionFlowRow,
  connection: ConnectionRow,
  reason: Reason,
  error: string,
): Promise<void> {
  const now = deps.now()
  const { connection_id, org_id, provider_name: provider } = flow
  await deps.db.write(async (work) => {
    const { trx, record, notify } = work
    const changed = await failPendingConnection(trx, connection_id, reason, now)
    const detail = { provider, reason, error, kept: !changed }
    record({ at: now, org_id, actor: provider, action: 'connection.refused', target: connection_id, detail })
    const server = mcpServerOf(provider)
    if (server !== undefined)
      record({ ...mcpServerEvent(connection, server, now), action: 'mcp_server.authorization_failed', detail })
    if (changed) await announce(deps, work, 'connection.failed', { ...connection, status: 'failed', reason })
    notify(connectionTopic(connection_id))
    notify(organizationTopic(org_id))
  })
}

/** Back to whoever asked, where that is still allowed; else a page that says how it came out. */
function respondOutcome(deps: Deps, c: Context<Env>, flow: ConnectionFlowRow, outcome: Outcome): Response {
  const { return_url: returnUrl, connection_id } = flow
  if (returnUrl !== null && isAllowedReturnUrl(deps.config, returnUrl))
    return seeOther(c, withParameters(returnUrl, { ...outcome, connection_id }))
  const html = noticePage({ nonce: c.get('nonce'), reference: c.get('requestId'), ...tellOutcome(outcome) })
  return page(c, html, { status: outcome.status === 'error' ? 400 : 200 })
}

function tellOutcome(outcome: Outcome): Pick<NoticeView, 'tone' | 'title' | 'message' | 'next'> {
  if (outcome.status === 'success')
    return {
      tone: 'success',
      title: 'Connected',
      message: 'The account is connected.',
      next: 'You can close this page.',
    }
  if (outcome.status === 'confirm')
    return { tone: 'info', title: 'One step left', message: 'Your consent has come in.', next: 'Go back to the app.' }
  const message = FAULTS[outcome.error] ?? 'The provider did not confirm the connection.'
  return { tone: 'error', title: 'Not connected', message, next: START_AGAIN }
}

const FAULTS: Record<string, string | undefined> = {
  access_denied: 'You did not give your consent, so nothing was connected.',
  account_mismatch: 'That is another account than the one that was connected before. Nothing was changed.',
}

import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { parseQuery } from '../http/form.ts'
import { header } from '../http/node-request.ts'
import { noContent, page, seeOther } from '../http/respond.ts'
import { noticePage } from '../pages/notice.ts'
import { findAgent } from '../storage/agents.ts'
import { bindFlowToBrowser, type ConnectionFlowRow, findConnectionFlow } from '../storage/connection-flows.ts'
import { findConnection } from '../storage/connections.ts'
import { findOrganization } from '../storage/organizations.ts'
import { browserCookie, browserHash, isBrowserOf, newBrowserSecret } from './browser-binding.ts'
import { openFlowSecrets } from './flow-secrets.ts'
import { findProvider } from './provider-registry.ts'
import { unknownState } from './unknown-state.ts'

/**
 * `GET /auth/start`: where a flow begins that is held to one browser. It says who asks for what; the person goes on to
 * the provider, with a cookie by which they are known when they come back.
 */
export async function start(deps: Deps, c: Context<Env>): Promise<Response> {
  // Whatever looks at links before people do begins nothing.
  if (c.req.method === 'HEAD') return noContent(c)
  const query = parseQuery(c)
  const state = query.get('state') ?? ''
  const flow = await findOpenFlow(deps, state)
  if (!flow) return unknownState(c)
  const { authorization_url: url } = await openFlowSecrets(deps, flow)
  if (url === undefined) return unknownState(c)
  if (!wentOn(c, query.get('continue'))) return page(c, await startPage(deps, c, flow, state))

  if (flow.browser_hash !== null) return isBrowserOf(deps, c, state, flow) ? seeOther(c, url) : unknownState(c)
  const secret = newBrowserSecret(deps)
  const isFirst = await deps.db.write(({ trx }) => bindFlowToBrowser(trx, flow.state_hash, browserHash(deps, secret)))
  return isFirst ? seeOther(c, url, [browserCookie(deps, state, secret)]) : unknownState(c)
}

async function findOpenFlow({ db, ring, now }: Deps, state: string): Promise<ConnectionFlowRow | undefined> {
  if (state === '' || state.length > 200) return undefined
  const flow = await findConnectionFlow(db.read, ring.hashes('connection_state', state))
  return flow?.browser_bound === 1 && flow.used_at === null && flow.expires_at > now() ? flow : undefined
}

/** From our own page, by the person: another site that sends a browser here gets it no further than the page. */
function wentOn(c: Context<Env>, answer: string | undefined): boolean {
  const site = header(c, 'sec-fetch-site')
  return answer === '1' && (site === undefined || site === 'same-origin')
}

async function startPage(deps: Deps, c: Context<Env>, flow: ConnectionFlowRow, state: string): Promise<string> {
  const { asker, label } = await whoAsks(deps, flow)
  const scopes = (JSON.parse(flow.scopes) as string[]).join(', ')
  return noticePage({
    nonce: c.get('nonce'),
    tone: 'info',
    title: `Connect your ${label} account`,
    message: `${asker} asks to use your account at ${label}${scopes === '' ? '' : ` (${scopes})`}.`,
    next: `Go on only if you know who asks. ${label} then asks you what you allow; your password stays there.`,
    link: { href: `?state=${encodeURIComponent(state)}&continue=1`, text: `Continue to ${label}` },
    reference: c.get('requestId'),
  })
}

async function whoAsks(deps: Deps, flow: ConnectionFlowRow): Promise<{ asker: string; label: string }> {
  const { read } = deps.db
  const [connection, organization, provider] = await Promise.all([
    findConnection(read, flow.connection_id),
    findOrganization(read, flow.org_id),
    findProvider(deps, flow.provider_name),
  ])
  const agent = connection?.made_by.startsWith('agent_') ? await findAgent(read, connection.made_by) : undefined
  const of = organization?.name ?? 'An organization'
  return {
    asker: agent ? `${agent.agent_name ?? 'An agent'}, an agent of ${of},` : of,
    label: provider?.provider.label ?? flow.provider_name,
  }
}

import type { Deps, Principal } from '../../context.ts'
import { keepMcpTest } from '../../storage/mcp-servers.ts'
import { createScrubber } from '../scrub.ts'
import { replacedTokens, usableTokens } from '../usable-tokens.ts'
import type { Channel } from './channel.ts'
import { faultOf, McpFault } from './fault.ts'
import { isObject } from './json-rpc.ts'
import { INITIALIZE, PROTOCOL_VERSIONS } from './protocol.ts'
import {
  connectionOf,
  type McpServer,
  type McpTool,
  mayRun,
  openMcpSecrets,
  requireAdministrator,
  requireMcpServer,
} from './servers.ts'
import type { McpServerSecrets } from './settings.ts'
import { openSse } from './sse.ts'
import { openStdio } from './stdio.ts'
import { openStreamableHttp } from './streamable-http.ts'

const TIMEOUT_MS = 15_000
const MAX_PAGES = 20
const MAX_TOOLS = 500
const MAX_NAME = 200
const MAX_DESCRIPTION = 2000

/** What everybody is shown in the list. */
const KEPT_TOOLS = 200
const KEPT_DESCRIPTION = 300

/** What a server says of itself. */
interface Introduction {
  protocol_version: string
  server_info: { name?: string; title?: string; version?: string }
  tools: McpTool[]
}

export type McpTestResult = { ok: boolean; duration_ms: number } & Partial<Introduction> & {
    error?: { code: string; message: string }
  }

/** `POST /api/v1/mcp/servers/{id}/test`: connects for real, and says what is there, or what to do. */
export async function testMcpServer(deps: Deps, serverId: string, principal: Principal): Promise<McpTestResult> {
  requireAdministrator(principal)
  const server = await requireMcpServer(deps.db.read, principal, serverId)
  deps.callLimits.takeRefresh(principal, serverId)
  const began = performance.now()
  const outcome = await introduced(deps, server)
  const duration_ms = Math.round(performance.now() - began)
  const now = deps.now()
  await deps.db.write(async ({ trx, record }) => {
    if ('tools' in outcome)
      await keepMcpTest(trx, server.row, { tools: JSON.stringify(kept(outcome.tools)), tested_at: now })
    record({
      at: now,
      org_id: server.row.org_id,
      actor: principal.id,
      action: 'mcp_server.tested',
      target: serverId,
      detail: outcome instanceof McpFault ? { ok: false, error: outcome.code } : { ok: true },
    })
  })
  if (outcome instanceof McpFault)
    return { ok: false, error: { code: outcome.code, message: outcome.message }, duration_ms }
  return { ok: true, ...outcome, duration_ms }
}

function kept(tools: readonly McpTool[]): McpTool[] {
  return tools.slice(0, KEPT_TOOLS).map(({ name, description }) => ({
    name,
    ...(description !== undefined && { description: description.slice(0, KEPT_DESCRIPTION) }),
  }))
}

async function introduced(deps: Deps, server: McpServer): Promise<Introduction | McpFault> {
  const timeoutMs = server.settings.timeout_ms ?? TIMEOUT_MS
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(new McpFault('timeout')), timeoutMs)
  const signal = AbortSignal.any([over.signal, deps.draining])
  try {
    const secrets = await openMcpSecrets(deps, server.row)
    if (server.settings.transport === 'stdio') {
      if (!mayRun(deps, server)) throw new McpFault('command_not_allowed')
      const { command = '', args = [] } = server.settings
      const opened = openStdio(deps, { command, args, env: secrets.env, signal })
      return await introduction(opened, Object.values(secrets.env))
    }
    return await byHttp(deps, server, secrets, { signal, timeoutMs })
  } catch (thrown) {
    if (over.signal.aborted) return new McpFault('timeout')
    return faultOf(thrown)
  } finally {
    clearTimeout(timer)
  }
}

interface Patience {
  signal: AbortSignal
  timeoutMs: number
}

async function byHttp(
  deps: Deps,
  { row, settings }: McpServer,
  { headers, client_secret = '' }: McpServerSecrets,
  patience: Patience,
): Promise<Introduction> {
  const { url = '', transport } = settings
  const said = [...Object.values(headers), client_secret, ...queryOf(url)]
  const call = (token: string | undefined, others: string[] = []) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const target = { url, headers: withHeaders(headers, authorization), ...patience }
    const opened = transport === 'sse' ? openSse(deps, target) : Promise.resolve(openStreamableHttp(deps, target))
    return introduction(opened, [...said, ...others])
  }
  if (settings.auth !== 'oauth') return call(undefined)

  const connection = await connectionOf(deps.db.read, row)
  if (!connection) throw new McpFault('authorization_required')
  const usable = await usableTokens(deps, connection)
  const withTokens = ({ tokens }: typeof usable) => call(tokens.access_token, Object.values(tokens).map(String))
  try {
    return await withTokens(usable)
  } catch (thrown) {
    if (!isUnauthorized(thrown)) throw thrown
    if (usable.tokens.refresh_token === undefined) throw new McpFault('authorization_required')
  }
  try {
    return await withTokens(await replacedTokens(deps, usable.row))
  } catch (thrown) {
    throw isUnauthorized(thrown) ? new McpFault('authorization_required') : thrown
  }
}

const isUnauthorized = (thrown: unknown) => thrown instanceof McpFault && thrown.code === 'unauthorized'

const queryOf = (url: string) => [...new URL(url).searchParams.values()]

/** The second win, whatever the case of their names. */
function withHeaders(first: Record<string, string>, second: Record<string, string>): Record<string, string> {
  const lower = Object.entries(first).map(([name, value]) => [name.toLowerCase(), value])
  return { ...Object.fromEntries(lower), ...second }
}

/** The handshake, and what is offered. Whatever was sent there does not come back in it. */
async function introduction(opened: Promise<Channel>, secrets: readonly string[]): Promise<Introduction> {
  const clean = createScrubber(secrets).text
  const channel = await opened
  try {
    const said = await channel.request('initialize', { ...INITIALIZE })
    const version = PROTOCOL_VERSIONS.find((known) => known === said.protocolVersion)
    if (version === undefined)
      throw new McpFault(typeof said.protocolVersion === 'string' ? 'version_unsupported' : 'protocol_error')
    channel.speak(version)
    await channel.notify('notifications/initialized')
    const hasTools = isObject(said.capabilities) && isObject(said.capabilities.tools)
    return {
      protocol_version: version,
      server_info: infoOf(said.serverInfo, clean),
      tools: hasTools ? await toolsOf(channel, clean) : [],
    }
  } finally {
    await channel.close()
  }
}

type Clean = (text: string) => string

async function toolsOf(channel: Channel, clean: Clean): Promise<McpTool[]> {
  const tools: McpTool[] = []
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES && tools.length < MAX_TOOLS; page++) {
    const { tools: listed, nextCursor } = await channel.request('tools/list', cursor === undefined ? {} : { cursor })
    if (!Array.isArray(listed)) throw new McpFault('protocol_error')
    tools.push(...listed.flatMap((tool) => toolOf(tool, clean)))
    if (typeof nextCursor !== 'string') break
    cursor = nextCursor
  }
  return tools.slice(0, MAX_TOOLS)
}

function toolOf(listed: unknown, clean: Clean): McpTool[] {
  const name = isObject(listed) && textOf(listed.name, MAX_NAME, clean)
  if (!name) return []
  const description = textOf(listed.description, MAX_DESCRIPTION, clean)
  return [{ name, ...(description !== undefined && { description }) }]
}

function infoOf(said: unknown, clean: Clean): Introduction['server_info'] {
  if (!isObject(said)) return {}
  const members = ['name', 'title', 'version'].map((name) => [name, textOf(said[name], MAX_NAME, clean)])
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}

/** Cleaned before it is cut: half a secret is one too. */
function textOf(value: unknown, max: number, clean: Clean): string | undefined {
  return typeof value === 'string' ? clean(value).replaceAll('\0', '').slice(0, max) : undefined
}

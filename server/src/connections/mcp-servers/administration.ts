import type { Deps, Principal } from '../../context.ts'
import { newId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import { listCursor, nextCursor } from '../../http/listing.ts'
import { OutboundRefused } from '../../http/outbound/failure.ts'
import type { ConnectionRow } from '../../storage/connections.ts'
import type { AuditEntry, Work } from '../../storage/database.ts'
import { deleteMcpClients } from '../../storage/mcp-clients.ts'
import {
  countMcpServers,
  deleteMcpServer,
  findMcpServerByName,
  insertMcpServer,
  listMcpServers as listRows,
  type McpServerRow,
  updateMcpServer,
} from '../../storage/mcp-servers.ts'
import { isTaken } from '../../storage/taken.ts'
import { requireConnectionsCaller } from '../policy.ts'
import { findProvider } from '../provider-registry.ts'
import { revokeUpstream } from '../revocation.ts'
import { changedSecrets, checkedSettings, isSameAuthorization, isSamePlace, type Plain } from './checked-settings.ts'
import {
  administeredView,
  changedMeanwhile,
  connectionOf,
  endMcpConnection,
  isAdministrator,
  listedView,
  type McpServer,
  openMcpSecrets,
  readMcpSecrets,
  requireAdministrator,
  requireMcpServer,
  sealMcpSecrets,
  serverOf,
  unknownMcpServer,
} from './servers.ts'
import type { NewMcpServer } from './settings.ts'

/** More than anybody has use for, and no more than a list can hold. */
const MAX_SERVERS = 200

/** Sets up an MCP server for the caller's organization. */
export async function createMcpServer(deps: Deps, given: NewMcpServer, principal: Principal) {
  requireAdministrator(principal)
  const settings = checkedSettings(deps, given, principal)
  await checkAddresses(deps, given)
  const now = deps.now()
  const secrets = changedSecrets(given, undefined, { headers: {}, env: {} })
  const named = { server_id: newId(deps.random, 'mcp'), org_id: principal.orgId }
  const row: McpServerRow = {
    ...named,
    name: given.name,
    enabled: given.enabled ? 1 : 0,
    settings: JSON.stringify({ ...settings, ...namesOf(secrets) }),
    secrets_sealed: sealMcpSecrets(deps, named, secrets),
    connection_id: null,
    tools: null,
    tested_at: null,
    created_at: now,
    updated_at: now,
  }
  await deps.db.write(async ({ trx, record }) => {
    if ((await countMcpServers(trx, principal.orgId)) >= MAX_SERVERS)
      throw new ApiError('conflict', `There are ${MAX_SERVERS} MCP servers already; take one away first`)
    if (!(await insertMcpServer(trx, row))) throw nameTaken(given.name)
    record({ ...eventOf(principal, row, now), action: 'mcp_server.created', detail: toldOf(given) })
  })
  return administeredView(deps, serverOf(row), undefined)
}

interface ListedPage {
  limit: number
  cursor: string | undefined
}

/** Those of the caller's organization: without what concerns its administrators alone, for everybody else. */
export async function listMcpServers(deps: Deps, { limit, cursor }: ListedPage, principal: Principal) {
  requireConnectionsCaller(principal)
  const rows = await listRows(deps.db.read, principal.orgId, limit + 1, listCursor(cursor))
  return {
    data: await Promise.all(rows.slice(0, limit).map((row) => viewFor(deps, principal, serverOf(row)))),
    next_cursor: nextCursor(rows, limit, ({ created_at, server_id }) => ({ created_at, id: server_id })),
  }
}

export async function getMcpServer(deps: Deps, serverId: string, principal: Principal) {
  requireConnectionsCaller(principal)
  return viewFor(deps, principal, await requireMcpServer(deps.db.read, principal, serverId))
}

async function viewFor(deps: Deps, principal: Principal, server: McpServer) {
  const connection = await connectionOf(deps.db.read, server.row)
  return isAdministrator(principal) ? administeredView(deps, server, connection) : listedView(deps, server, connection)
}

/** The whole of it, but for secrets that are left out: these stay, while they go where they went. */
export async function replaceMcpServer(deps: Deps, serverId: string, given: NewMcpServer, principal: Principal) {
  requireAdministrator(principal)
  const { row: before } = await requireMcpServer(deps.db.read, principal, serverId)
  // One whose record cannot be trusted is to be taken away.
  await openMcpSecrets(deps, before)
  const revoke = await revocationOf(deps, before)
  const settings = checkedSettings(deps, given, principal)
  await checkAddresses(deps, given)
  const replace = async (work: Work) => {
    const { trx, record } = work
    const known = await requireMcpServer(trx, principal, serverId)
    const named = await findMcpServerByName(trx, principal.orgId, given.name)
    if (named && named.server_id !== serverId) throw nameTaken(given.name)
    const row = changedRow(deps, known, settings, given)
    const ended = row.connection_id === null ? await connectionOf(trx, known.row) : undefined
    if (!(await updateMcpServer(trx, known.row, row))) throw changedMeanwhile()
    if (row.connection_id === null) await deleteMcpClients(trx, serverId)
    if (ended) await endMcpConnection(work, ended)
    record({ ...eventOf(principal, row, deps.now()), action: 'mcp_server.updated', detail: toldOf(given) })
    return { row, ended }
  }
  const { row, ended } = await deps.db.write(replace).catch((error: unknown) => {
    throw isTaken(error) ? nameTaken(given.name) : error
  })
  if (ended) await revoke(ended)
  return administeredView(deps, serverOf(row), await connectionOf(deps.db.read, row))
}

function changedRow(deps: Deps, { row, settings: before }: McpServer, plain: Plain, given: NewMcpServer): McpServerRow {
  const known = readMcpSecrets(deps, row)
  const secrets = changedSecrets(given, before, known)
  const settings = { ...plain, ...namesOf(secrets) }
  const isSame = isSameAuthorization(before, settings, known.client_secret === secrets.client_secret)
  return {
    ...row,
    name: given.name,
    enabled: given.enabled ? 1 : 0,
    settings: JSON.stringify(settings),
    secrets_sealed: sealMcpSecrets(deps, row, secrets),
    connection_id: isSame ? row.connection_id : null,
    ...(isSamePlace(before, settings) ? {} : { tools: null, tested_at: null }),
    // What was read before is another one, whatever the clock says.
    updated_at: Math.max(deps.now(), row.updated_at + 1),
  }
}

/** Takes it away, with its tokens: here at once, then at the authorization server. */
export async function removeMcpServer(deps: Deps, serverId: string, principal: Principal): Promise<void> {
  requireAdministrator(principal)
  const revoke = await revocationOf(deps, (await requireMcpServer(deps.db.read, principal, serverId)).row)
  const ended = await deps.db.write(async (work) => {
    const { row } = await requireMcpServer(work.trx, principal, serverId)
    const connection = await connectionOf(work.trx, row)
    if (!(await deleteMcpServer(work.trx, serverId))) throw unknownMcpServer()
    if (connection) await endMcpConnection(work, connection)
    const detail = { name: row.name }
    work.record({ ...eventOf(principal, row, deps.now()), action: 'mcp_server.deleted', detail })
    return connection
  })
  if (ended) await revoke(ended)
}

/** Ends what it was authorized for; it can be authorized again. */
export async function disconnectMcpServer(
  deps: Deps,
  serverId: string,
  principal: Principal,
): Promise<{ revoked_upstream: boolean }> {
  requireAdministrator(principal)
  const revoke = await revocationOf(deps, (await requireMcpServer(deps.db.read, principal, serverId)).row)
  const ended = await deps.db.write(async (work) => {
    const { row } = await requireMcpServer(work.trx, principal, serverId)
    const connection = await connectionOf(work.trx, row)
    if (!connection) throw new ApiError('conflict', 'It is not authorized: there is nothing to end')
    await endMcpConnection(work, connection)
    // Whatever we were registered as there may be gone too.
    await deleteMcpClients(work.trx, serverId)
    work.record({ ...eventOf(principal, row, deps.now()), action: 'mcp_server.disconnected' })
    return connection
  })
  return { revoked_upstream: await revoke(ended) }
}

type Revoke = (connection: ConnectionRow) => Promise<boolean>

/** What is to be asked to revoke, while it is still known: it may end with the server. */
async function revocationOf(deps: Deps, row: McpServerRow): Promise<Revoke> {
  const connection = await connectionOf(deps.db.read, row)
  const effective = connection && (await findProvider(deps, connection.provider_name))
  return (ended) =>
    revokeUpstream(deps, ended, effective?.provider.name === ended.provider_name ? effective : undefined)
}

/** What is called from here, or people are sent to, must be an address that may be called. */
async function checkAddresses({ outbound }: Deps, { url, oauth }: NewMcpServer): Promise<void> {
  const addresses = { url, 'oauth.authorization_server': oauth?.authorization_server }
  const fields: Record<string, string> = {}
  for (const [field, address] of Object.entries(addresses))
    try {
      if (address !== undefined) await outbound.check(address)
    } catch (thrown) {
      if (!(thrown instanceof OutboundRefused)) throw thrown
      fields[field] = 'is an address that is not called from here; the operator allows it with EGRESS_ALLOW'
    }
  const [first] = Object.entries(fields)
  if (first) throw new ApiError('validation_failed', `${first[0]}: ${first[1]}`, { fields })
}

function namesOf({ headers, env, client_secret }: ReturnType<typeof changedSecrets>) {
  return {
    header_names: Object.keys(headers),
    env_names: Object.keys(env),
    has_client_secret: client_secret !== undefined,
  }
}

/** What the audit log is told: where it is, never what it is sent. */
function toldOf({ name, transport, url, command, enabled }: NewMcpServer): Record<string, unknown> {
  const host = url === undefined ? {} : { host: new URL(url).host }
  return { name, transport, ...host, ...(command !== undefined && { command }), enabled }
}

function eventOf(principal: Principal, { org_id, server_id }: McpServerRow, at: number): Omit<AuditEntry, 'action'> {
  return { at, org_id, actor: principal.id, target: server_id }
}

function nameTaken(name: string): ApiError {
  return new ApiError('conflict', `There is an MCP server ${name} in the organization; choose another name`)
}

import { newId } from '../../crypto/ids.ts'
import type { Random } from '../../crypto/random.ts'
import type { ConnectionRow } from '../../storage/connections.ts'
import type { AuditEntry } from '../../storage/database.ts'

/** The server that it is for, and what tells one client of ours there from the one before. */
const PROVIDER_NAME = /^(mcp_[0-9a-z]{26})\.[0-9a-z]{26}$/

/** What one client of ours at one authorization server is called, where providers have their name. */
export function newProviderName(random: Random, serverId: string): string {
  return `${serverId}.${newId(random, 'mcp').slice('mcp_'.length)}`
}

/** The MCP server that a provider's name is of; undefined: it is another kind of provider. */
export function mcpServerOf(providerName: string): string | undefined {
  return PROVIDER_NAME.exec(providerName)?.[1]
}

/** Of however many servers, metrics have one label. */
export function providerLabel(providerName: string): string {
  return mcpServerOf(providerName) === undefined ? providerName : 'mcp'
}

/** What the audit log is told of a server's authorization, by whoever began it. */
export function mcpServerEvent(
  { org_id, made_by }: Pick<ConnectionRow, 'org_id' | 'made_by'>,
  server: string,
  at: number,
): Pick<AuditEntry, 'at' | 'org_id' | 'actor' | 'target'> {
  return { at, org_id, actor: made_by, target: server }
}

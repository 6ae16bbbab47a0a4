import { sha256 } from '../crypto/jws.ts'
import type { AuditEntry, Chain } from '../storage/database.ts'
import type { AuditEventTable } from '../storage/schema.ts'

/** What stands before the first event of a chain. */
export const GENESIS = ''

/**
 * One writer's chain of audit events: each carries the hash of the one before. Every process (and on Postgres every
 * concurrent transaction of one) extends a chain of its own, so that writers never queue behind each other.
 */
export function createChain(id: string): Chain {
  let head = { seq: 0, hash: GENESIS }
  let next = head

  return {
    extend(entries) {
      next = head
      return entries.map((entry) => {
        const row = link(id, next.seq + 1, next.hash, entry)
        next = { seq: row.seq, hash: row.hash }
        return row
      })
    },
    commit() {
      head = next
    },
    rollback() {
      next = head
    },
  }
}

function link(chain: string, seq: number, prevHash: string, entry: AuditEntry): AuditEventTable {
  const row = {
    chain,
    seq,
    at: entry.at,
    org_id: entry.org_id,
    actor: entry.actor,
    action: entry.action,
    target: entry.target ?? null,
    client_id: entry.client_id ?? null,
    agent_id: entry.agent_id ?? null,
    request_id: entry.request_id ?? null,
    detail: JSON.stringify(entry.detail ?? {}),
    prev_hash: prevHash,
  }
  return { ...row, hash: hashOf(row) }
}

/** SHA-256 over every column but the hash itself, in a fixed order. Anybody with the rows can compute it again. */
export function hashOf(row: Omit<AuditEventTable, 'hash'>): string {
  return sha256(
    JSON.stringify([
      row.prev_hash,
      row.chain,
      row.seq,
      row.at,
      row.org_id,
      row.actor,
      row.action,
      row.target,
      row.client_id,
      row.agent_id,
      row.request_id,
      row.detail,
    ]),
  )
}

import { listAuditHeads, listChainEvents, listChains } from '../storage/audit-events.ts'
import type { Db } from '../storage/database.ts'
import { GENESIS, hashOf } from './chain.ts'

export interface AuditVerdict {
  valid: boolean
  chains: number
  events: number
  /** Heads whose signature was checked against the chain. */
  signed_heads: number
  /** The first fault of each chain that has one. */
  faults: { chain: string; seq: number; reason: string }[]
}

/** Whether a head's signature is one of ours, over this chain, place and hash. Given by who has the keys. */
export type HeadCheck = (head: { chain: string; seq: number; hash: string; signature: string }) => Promise<boolean>

const BATCH = 1000

/** Computes every chain again from its first event, and holds it against the heads that were signed. */
export async function verifyAuditLog(db: Db, checkHead: HeadCheck): Promise<AuditVerdict> {
  const verdict: AuditVerdict = { valid: true, chains: 0, events: 0, signed_heads: 0, faults: [] }
  for (const chain of await listChains(db)) {
    verdict.chains++
    const fault = await verifyChain(db, chain, checkHead, verdict)
    if (fault) verdict.faults.push({ chain, ...fault })
  }
  verdict.valid = verdict.faults.length === 0
  return verdict
}

async function verifyChain(
  db: Db,
  chain: string,
  checkHead: HeadCheck,
  verdict: AuditVerdict,
): Promise<{ seq: number; reason: string } | undefined> {
  const heads = await listAuditHeads(db, chain)
  for (const head of heads) {
    if (!(await checkHead(head))) return { seq: head.seq, reason: 'the signature of the head is not good' }
    verdict.signed_heads++
  }
  const hashAt = new Map(heads.map(({ seq, hash }) => [seq, hash]))

  let last = { seq: 0, hash: GENESIS }
  for (;;) {
    const events = await listChainEvents(db, chain, last.seq, BATCH)
    for (const event of events) {
      if (event.seq !== last.seq + 1) return { seq: last.seq + 1, reason: 'an event is missing' }
      if (event.prev_hash !== last.hash || event.hash !== hashOf(event))
        return { seq: event.seq, reason: 'the event was altered' }
      const signed = hashAt.get(event.seq)
      if (signed !== undefined && signed !== event.hash)
        return { seq: event.seq, reason: 'the chain is not the one that was signed' }
      last = { seq: event.seq, hash: event.hash }
      verdict.events++
    }
    if (events.length < BATCH) break
  }
  const lastSigned = heads.at(-1)?.seq ?? 0
  return lastSigned > last.seq ? { seq: last.seq + 1, reason: 'the end of the chain was cut off' } : undefined
}

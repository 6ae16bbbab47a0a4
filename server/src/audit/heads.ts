import { insertAuditHead, listUnsignedHeads } from '../storage/audit-events.ts'
import type { Database } from '../storage/database.ts'

/**
 * Signs what stands at the end of each chain, so that it cannot be rewritten, nor cut off below a signature that is kept.
 * The log names each head too: kept elsewhere, it tells of a chain whose end and signatures were both taken away.
 */
export async function signAuditHeads(
  db: Database,
  sign: (claims: { chain: string; seq: number; hash: string; iat: number }) => string,
  now: number,
  log: (head: { chain: string; seq: number; hash: string }) => void,
): Promise<number> {
  const heads = await listUnsignedHeads(db.read)
  if (heads.length === 0) return 0
  await db.write(async ({ trx }) => {
    for (const { chain, seq, hash } of heads) {
      const signature = sign({ chain, seq, hash, iat: Math.floor(now / 1000) })
      await insertAuditHead(trx, { chain, seq, hash, signed_at: now, signature })
    }
  })
  for (const head of heads) log(head)
  return heads.length
}

import { expireLots } from './accounts/credit-expiry.ts'
import { startMailDelivery } from './accounts/mail-delivery.ts'
import { signAuditHeads } from './audit/heads.ts'
import { expireUnanswered } from './connections/connections.ts'
import { startRefreshUpkeep } from './connections/refresh-upkeep.ts'
import { revokeUnconfirmed } from './connections/session-binding.ts'
import { startWebhookDelivery } from './connections/webhook-delivery.ts'
import type { Deps } from './context.ts'
import { firstIdAt } from './crypto/ids.ts'
import { signHead } from './identity/audit-heads.ts'
import { startReservationSweep } from './models/fuel/reservations.ts'
import { tellCounted } from './models/refusals.ts'
import { startRounds } from './resilience/rounds.ts'
import { clearChangeFeed, clearReplays, sweepTable, sweepTableById, sweptTables } from './storage/sweep.ts'

const INTERVAL_MS = 30_000
const FEED_KEPT_MS = 60_000
/** What has ended can be looked at for a week. */
const HISTORY_MS = 7 * 86_400_000

/** What runs by the clock, in every process: each step is safe to run twice at once. Stops with the function returned. */
export function startMaintenance(deps: Deps): () => Promise<void> {
  const round = () => maintain(deps)
  // Each beside the others: a service elsewhere that is slow must hold nothing up.
  const stops = [
    startRounds({ everyMs: INTERVAL_MS, round, log: deps.log, complaint: 'maintenance failed' }),
    ...(deps.config.only === 'broker' ? [] : [startMailDelivery(deps), startReservationSweep(deps)]),
    ...(deps.config.only === 'gateway' ? [] : [startWebhookDelivery(deps), startRefreshUpkeep(deps)]),
  ]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}

/** One round: tells what was only counted, ends credits that expired, forgets what has ended, takes up other processes' keys, signs audit heads. */
export async function maintain(deps: Deps): Promise<void> {
  if (deps.config.only !== 'gateway') {
    await expireUnanswered(deps)
    await revokeUnconfirmed(deps)
  }
  if (deps.config.only !== 'broker') await expireLots(deps)
  await tellCounted(deps)
  await sweep(deps)
  await deps.signingKeys.reload()
  const { activeAt } = deps.signingKeys.current()
  if (deps.now() - activeAt > deps.config.lifetimes.signingKey * 1000) await deps.signingKeys.rotateOnce()
  await signHeads(deps)
}

export function signHeads({ db, signingKeys, now, log }: Deps): Promise<number> {
  const sign = (claims: Parameters<typeof signHead>[1]) => signHead(signingKeys, claims)
  return signAuditHeads(db, sign, now(), (head) => log.info(head, 'audit head signed'))
}

async function sweep({ db, config, now: clock }: Deps): Promise<void> {
  const now = clock()
  const { request, grant } = config.lifetimes
  const oldestRequest = firstIdAt('req', now - request * 1000 - HISTORY_MS)
  const oldestGrant = firstIdAt('grant', now - grant * 1000 - HISTORY_MS)
  while (await db.write(({ trx }) => sweepTableById(trx, 'authorization_request', oldestRequest)));
  while (await db.write(({ trx }) => sweepTableById(trx, 'auth_grant', oldestGrant)));
  for (const table of sweptTables) while (await db.write(({ trx }) => sweepTable(trx, table, now)));
  await db.write(({ trx }) => clearReplays(trx, now - config.lifetimes.refreshReplay * 1000))
  if (db.dialect === 'sqlite') await db.write(({ trx }) => clearChangeFeed(trx, now - FEED_KEPT_MS))
}

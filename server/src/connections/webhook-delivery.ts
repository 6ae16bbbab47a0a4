import type { Deps } from '../context.ts'
import { UnsealError } from '../crypto/key-ring.ts'
import { OutboundFailed, OutboundRefused } from '../http/outbound/failure.ts'
import { startRounds } from '../resilience/rounds.ts'
import { claimDelivery, type DueDelivery, listDueDeliveries, setDeliveryOutcome } from '../storage/webhooks.ts'
import { signatureOf, WEBHOOK_TOPIC, webhookSecretRecord } from './webhooks.ts'

const INTERVAL_MS = 10_000
const AT_ONCE = 10
const TIMEOUT_MS = 10_000
/** A process that was killed over a delivery has it given back after this. Longer than a call takes. */
const LEASE_MS = 60_000
const FIRST_RETRY_MS = 5000
const LAST_RETRY_MS = 6 * 3_600_000
const MOST_ATTEMPTS = 12

type World = Pick<Deps, 'db' | 'ring' | 'outbound' | 'now' | 'log'>

/** Delivers events in this process, as they come and by the clock, until the function returned is called. */
export function startWebhookDelivery(deps: World): () => Promise<void> {
  return startRounds({
    everyMs: INTERVAL_MS,
    round: () => deliverDueWebhooks(deps),
    subscribe: (due) => deps.db.subscribe(WEBHOOK_TOPIC, due),
    log: deps.log,
    complaint: 'webhooks cannot be delivered',
  })
}

/** Tries everything that is due, once. */
export async function deliverDueWebhooks(deps: World): Promise<void> {
  for (;;) {
    const due = await listDueDeliveries(deps.db.read, deps.now(), AT_ONCE)
    await Promise.all(due.map((delivery) => deliver(deps, delivery)))
    if (due.length < AT_ONCE) return
  }
}

/** Claimed before it is sent, so that of two processes one sends it; the id tells a receiver what came twice. */
async function deliver(deps: World, delivery: DueDelivery): Promise<void> {
  const { db, now: clock, log } = deps
  if (!(await db.write(({ trx }) => claimDelivery(trx, delivery, clock() + LEASE_MS)))) return
  const { status, error } = await send(deps, delivery)
  const delivered = status !== null && status >= 200 && status < 300
  const attempts = delivery.attempts + 1
  const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 4 ** delivery.attempts)
  const givenUp = !delivered && attempts >= MOST_ATTEMPTS
  await db.write(({ trx }) =>
    setDeliveryOutcome(trx, delivery.delivery_id, {
      next_attempt_at: delivered || givenUp ? null : clock() + wait,
      delivered_at: delivered ? clock() : null,
      last_status: status,
      last_error: delivered ? null : error,
    }),
  )
  if (!delivered)
    log.warn({ delivery_id: delivery.delivery_id, attempts, status, given_up: givenUp }, 'a webhook was not delivered')
}

async function send(
  { outbound, ring, now }: World,
  { delivery_id: id, webhook_id, url, body, secret_sealed }: DueDelivery,
): Promise<{ status: number | null; error: string | null }> {
  const timestamp = Math.floor(now() / 1000)
  try {
    const secret = ring.unseal(secret_sealed, webhookSecretRecord(webhook_id))
    const answer = await outbound.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signatureOf(secret, id, timestamp, body),
      },
      body,
      timeoutMs: TIMEOUT_MS,
    })
    return { status: answer.status, error: `answered ${answer.status}` }
  } catch (error) {
    if (error instanceof OutboundFailed || error instanceof OutboundRefused)
      return { status: null, error: error.reason }
    if (error instanceof UnsealError) return { status: null, error: 'integrity_error' }
    throw error
  }
}

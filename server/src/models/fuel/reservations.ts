import { NANO_PER_CENT } from '../../accounts/credits.ts'
import type { Deps } from '../../context.ts'
import { newTimedId } from '../../crypto/ids.ts'
import { ApiError } from '../../http/errors.ts'
import { startRounds } from '../../resilience/rounds.ts'
import type { Db, Work } from '../../storage/database.ts'
import { findSpendable, reserveCredits, type Spent, spendCredits } from '../../storage/ledger.ts'
import {
  insertReservation,
  listExpiredReservations,
  type ReservationRow,
  renewReservation,
  takeExpiredReservation,
  takeReservation,
} from '../../storage/reservations.ts'
import { insertUsage, replaceLostUsage, setUsageCost, type UsageRow } from '../../storage/usage.ts'

/** Who calls what, as it is known before anybody answers. */
export type Call = Pick<
  UsageRow,
  | 'request_id'
  | 'user_id'
  | 'org_id'
  | 'client_id'
  | 'agent_id'
  | 'key_id'
  | 'operation'
  | 'model_asked'
  | 'payment_method'
>

/** What a call has come to so far. */
export type Progress = Pick<
  UsageRow,
  | 'model_served'
  | 'provider'
  | 'attempts'
  | 'input_tokens'
  | 'cached_tokens'
  | 'cache_write_tokens'
  | 'output_tokens'
  | 'reasoning_tokens'
  | 'ttft_ms'
>

/** How a call ended. */
export type Outcome = Progress & {
  status: Exclude<UsageRow['status'], 'lost'>
  estimated: boolean
  duration_ms: number
}

/** What is set aside for one call. On a person's own key that is nothing, and the call is recorded all the same. */
export interface Reservation {
  usageId: string
  amountNano: number
  call: Call
  at: number
}

/** Of a call that nobody has answered. */
export const NOTHING_YET: Progress = {
  model_served: null,
  provider: null,
  attempts: 0,
  input_tokens: 0,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  ttft_ms: null,
}

/** A process that dies leaves its reservations behind: for so long nobody touches them. */
const LEASE_MS = 45_000
const RENEW_MS = 10_000
const METER_MS = 1_000
/** No call lasts that long, with all that is tried for it: what does was forgotten. */
const LONGEST_CALL_MS = 3_600_000

/** What is to be set aside for a call. */
export function newReservation(
  { random, now }: Pick<Deps, 'random' | 'now'>,
  call: Call,
  amountNano: number,
): Reservation {
  if (!Number.isSafeInteger(amountNano) || amountNano < 0) throw new RangeError(`Cannot reserve ${amountNano}`)
  const at = now()
  return { usageId: newTimedId(random, 'use', at), amountNano: chargeOf(call, amountNano), call, at }
}

/**
 * Sets aside what a call may cost at most, before it is made. The balance is never below what is set aside of it: false,
 * and nothing is changed, where there is not enough.
 */
export async function reserveIn(trx: Db, { usageId, amountNano, call, at }: Reservation): Promise<boolean> {
  if (amountNano > 0 && !(await reserveCredits(trx, call.user_id, amountNano))) return false
  await insertReservation(trx, {
    usage_id: usageId,
    user_id: call.user_id,
    amount_nano: amountNano,
    metered_nano: 0,
    call: JSON.stringify({ ...call, ...NOTHING_YET, at } satisfies KnownCall),
    created_at: at,
    expires_at: at + LEASE_MS,
  })
  return true
}

/** Credits pay for calls on our keys only. */
function chargeOf({ payment_method }: Pick<Call, 'payment_method'>, nano: number): number {
  return payment_method === 'byok' ? 0 : nano
}

/** How the rest of a call is told when its process is gone. */
type KnownCall = Call & Progress & { at: number }

/** What a call needs is said, so that the caller can ask for less; trying again as it is would be of no use. */
export async function insufficientCredits({ db }: Deps, userId: string, neededNano: number): Promise<ApiError> {
  const cents = (nano: number) => `${Math.round(nano / (NANO_PER_CENT / 1e4)) / 1e4} cents`
  return new ApiError(
    'insufficient_credits',
    `This call may cost ${cents(neededNano)}, and ${cents(await findSpendable(db.read, userId))} are left: add credits, or ask for fewer tokens`,
  )
}

/** A reservation while its call goes on. */
export interface Hold {
  /** What the call has come to: written down once a second at most, for who has to settle it should we die. */
  note(progress: Partial<Progress>, nano: number): void
  /** To be called before the call is settled or released, whatever became of it. */
  letGo(): void
}

/** Keeps a reservation from expiring until it is let go. */
export function hold({ db, now: clock, log }: Deps, { usageId, amountNano, call, at }: Reservation): Hold {
  let known = { progress: NOTHING_YET, nano: 0 }
  let written = { known, at }
  let writing = false

  const tick = () => {
    const now = clock()
    if (now - at > LONGEST_CALL_MS) return clearInterval(timer)
    if (writing || (known === written.known && now - written.at < RENEW_MS)) return undefined
    writing = true
    const noted = { known, at: now }
    const row = {
      metered_nano: Math.min(amountNano, known.nano),
      call: JSON.stringify({ ...call, ...known.progress, at } satisfies KnownCall),
      expires_at: now + LEASE_MS,
    }
    return db
      .write(({ trx }) => renewReservation(trx, usageId, row))
      .then(() => {
        written = noted
      })
      .catch((error: unknown) => log.warn({ error }, 'a reservation could not be renewed'))
      .finally(() => {
        writing = false
      })
  }
  const timer = setInterval(tick, METER_MS)
  timer.unref()

  return {
    note(progress, nano) {
      known = { progress: { ...known.progress, ...progress }, nano: chargeOf(call, nano) }
    },
    letGo: () => clearInterval(timer),
  }
}

export interface Settled {
  /** What was taken from the credits. */
  chargedNano: number
  /** What the call cost beyond what was reserved and all else that the person had. */
  uncoveredNano: number
  /** What the person can spend now. */
  spendableNano: number
}

/**
 * Ends a reservation in the caller's transaction: the receipt is written, what the call cost is taken, the rest is free
 * again. Once, whoever races; undefined for who comes second. A call that was given up for lost is put right when the
 * process that made it was only cut off from the database.
 */
export async function settle(
  { random }: Pick<Deps, 'random'>,
  { trx }: Work,
  { usageId, call, at }: Reservation,
  outcome: Outcome,
  costNano: number,
  now: number,
): Promise<Settled | undefined> {
  const { estimated, ...end } = outcome
  const record: UsageRow = {
    ...call,
    ...end,
    usage_id: usageId,
    estimated: estimated ? 1 : 0,
    cost_nano: 0,
    at,
    settled_at: now,
  }
  const cost = chargeOf(call, costNano)
  const reserved = await takeReservation(trx, usageId)
  if (reserved) {
    const { spentNano, spendableNano } = await charge(random, trx, record, cost, reserved.amount_nano)
    await insertUsage(trx, { ...record, cost_nano: spentNano })
    return { chargedNano: spentNano, uncoveredNano: cost - spentNano, spendableNano }
  }
  const before = await replaceLostUsage(trx, record)
  if (before === undefined) return undefined
  const { spentNano, spendableNano } = await charge(random, trx, record, cost - before, 0)
  const chargedNano = before + spentNano
  await setUsageCost(trx, usageId, chargedNano)
  return { chargedNano, uncoveredNano: cost - chargedNano, spendableNano }
}

async function charge(
  random: Deps['random'],
  trx: Work['trx'],
  { usage_id, user_id, client_id, agent_id, key_id, settled_at }: UsageRow,
  costNano: number,
  reservedNano: number,
): Promise<Spent> {
  if (costNano === 0 && reservedNano === 0) return { spentNano: 0, spendableNano: await findSpendable(trx, user_id) }
  const entry = {
    entry_id: newTimedId(random, 'entry', settled_at),
    user_id,
    client_id,
    reason: null,
    actor: key_id ?? agent_id ?? user_id,
    at: settled_at,
    usage_id,
  }
  return spendCredits(trx, { ...entry, cost_nano: costNano }, reservedNano)
}

const SWEEP_MS = 10_000
const SWEPT_AT_ONCE = 100

/** By the clock, in every process: what one leaves behind that dies is settled within a minute. */
export function startReservationSweep(deps: Deps): () => Promise<void> {
  const round = () => sweepReservations(deps)
  return startRounds({ everyMs: SWEEP_MS, round, log: deps.log, complaint: 'reservations could not be swept' })
}

/** Settles what processes left behind that died: what was metered is charged, once. How many there were. */
export async function sweepReservations(deps: Deps): Promise<number> {
  // One that cannot be settled holds up no other.
  const failed = (error: unknown) => deps.log.error({ error }, 'a reservation could not be settled')
  let swept = 0
  for (;;) {
    const expired = await listExpiredReservations(deps.db.read, deps.now(), SWEPT_AT_ONCE)
    const ended = await Promise.all(expired.map((usageId) => settleLost(deps, usageId).catch(failed)))
    const settled = ended.filter(Boolean).length
    swept += settled
    if (expired.length < SWEPT_AT_ONCE || settled === 0) return swept
  }
}

async function settleLost({ db, random, now: clock, log }: Deps, usageId: string): Promise<boolean> {
  const now = clock()
  return db.write(async ({ trx, record }) => {
    const left = await takeExpiredReservation(trx, usageId, now)
    if (!left) return false
    const usage = lostUsage(left, now)
    const { spentNano: charged } = await charge(random, trx, usage, left.metered_nano, left.amount_nano)
    await insertUsage(trx, { ...usage, cost_nano: charged })
    record({
      at: now,
      org_id: usage.org_id,
      actor: usage.key_id ?? usage.agent_id ?? usage.user_id,
      action: 'model.call_lost',
      target: usageId,
      client_id: usage.client_id,
      agent_id: usage.agent_id,
      request_id: usage.request_id,
      detail: { model: usage.model_asked, cost_nano: charged },
    })
    log.warn({ usageId, requestId: usage.request_id }, 'a call of a process that died was settled')
    return true
  })
}

function lostUsage({ usage_id, call }: ReservationRow, now: number): UsageRow {
  const known: KnownCall = JSON.parse(call)
  return { ...known, usage_id, status: 'lost', estimated: 1, cost_nano: 0, duration_ms: null, settled_at: now }
}

import { NANO_PER_CENT } from '../src/accounts/credits.ts'
import type { Deps } from '../src/context.ts'
import {
  type Call,
  insufficientCredits,
  newReservation,
  type Outcome,
  type Reservation,
  reserveIn,
  settle,
} from '../src/models/fuel/reservations.ts'

/** A call of a model, as the door and the body say it. */
export const callOf = (userId: string, overrides: Partial<Call> = {}): Call => ({
  request_id: 'req-of-the-caller',
  user_id: userId,
  org_id: 'org_x',
  client_id: null,
  agent_id: null,
  key_id: null,
  operation: 'chat',
  model_asked: 'gpt-4o-mini',
  payment_method: 'credits',
  ...overrides,
})

export const outcomeOf = (overrides: Partial<Outcome> = {}): Outcome => ({
  status: 'completed',
  model_served: 'gpt-4o-mini',
  provider: 'openai',
  attempts: 1,
  input_tokens: 1000,
  cached_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 500,
  reasoning_tokens: 0,
  estimated: false,
  ttft_ms: 80,
  duration_ms: 900,
  ...overrides,
})

/** Sets credits aside for a call, as one that is admitted does. */
export async function reserve(
  deps: Deps,
  call: Call,
  nano: number,
  model = 'gpt-4o-mini',
  others: readonly string[] = [],
): Promise<Reservation> {
  const models = [model, ...others].map((name) => ({ served: `openai/${name}`, names: [name, `openai/${name}`], nano }))
  const reservation = newReservation(deps, call, models)
  if (await deps.db.write(({ trx }) => reserveIn(trx, reservation), { until: 'committed' })) return reservation
  throw await insufficientCredits(deps, call.user_id, { neededNano: nano, names: models[0]?.names })
}

export const settleNow = (deps: Deps, reservation: Reservation, nano: number, outcome: Partial<Outcome> = {}) =>
  deps.db.write((work) => settle(deps, work, reservation, outcomeOf(outcome), nano, deps.now()))

/** A whole call. */
export async function spend(deps: Deps, call: Call, nano: number, outcome: Partial<Outcome> = {}, model?: string) {
  return settleNow(deps, await reserve(deps, call, nano, model), nano, outcome)
}

/** Where a person stands, by each of the tables that say it. */
export async function standingOf({ db }: Deps, userId: string) {
  const of = (table: 'balance' | 'ledger_entry' | 'reservation' | 'usage_record' | 'credit_lot') =>
    db.read
      .selectFrom(table as 'balance')
      .selectAll()
      .where('user_id', '=', userId)
      .execute()
  const [balance] = await of('balance')
  const sum = (rows: object[], column: string) =>
    rows.reduce((total, row) => total + Number((row as Record<string, unknown>)[column]), 0)
  const ledger = await of('ledger_entry')
  const usage = ledger.filter((entry) => (entry as object as { kind: string }).kind === 'usage')
  const [reservations, records] = [await of('reservation'), await of('usage_record')]
  const lots = (await of('credit_lot')) as unknown as { remaining_nano: number; reserved_nano: number }[]
  const setAsideOfLots = reservations
    .flatMap((row) => JSON.parse((row as unknown as { lots: string | null }).lots ?? '[]'))
    .map(({ nano }) => ({ nano }))
  return {
    balance: balance?.balance_nano ?? 0,
    reserved: balance?.reserved_nano ?? 0,
    ledger: sum(ledger, 'amount_nano'),
    charges: usage.length,
    charged: 0 - sum(usage, 'amount_nano'),
    reservations: reservations.length,
    setAside: sum(reservations, 'amount_nano'),
    lots: balance?.lots_nano ?? 0,
    lotsReserved: balance?.lots_reserved_nano ?? 0,
    inLots: sum(lots, 'remaining_nano'),
    reservedInLots: sum(lots, 'reserved_nano'),
    setAsideOfLots: sum(setAsideOfLots, 'nano'),
    emptiestLot: Math.min(0, ...lots.map((lot) => lot.remaining_nano - lot.reserved_nano)),
    calls: records.length,
    costs: sum(records, 'cost_nano'),
  }
}

/** What must hold at any time, whatever happened. What does not. */
export function broken(standing: Awaited<ReturnType<typeof standingOf>>): string[] {
  const { balance, reserved, ledger, charged, setAside, costs, lots, lotsReserved } = standing
  const laws = {
    'the balance is the sum of the ledger': balance === ledger,
    'what is reserved is the sum of the reservations': reserved === setAside,
    'no more is reserved than there is': balance - reserved >= 0 && reserved >= 0,
    'receipts and ledger say the same': charged === costs,
    'what is in lots is the sum of the lots': lots === standing.inLots,
    'what is reserved in lots is the sum of theirs': lotsReserved === standing.reservedInLots,
    'what reservations have of lots is what lots have reserved': lotsReserved === standing.setAsideOfLots,
    'no lot has less than is reserved of it': standing.emptiestLot === 0 && lots >= 0 && lotsReserved >= 0,
    'what is paid for is not below zero': balance - lots - (reserved - lotsReserved) >= 0,
  }
  return Object.entries(laws).flatMap(([law, holds]) => (holds ? [] : [`${law}: ${JSON.stringify(standing)}`]))
}

export const cents = (count: number) => count * NANO_PER_CENT

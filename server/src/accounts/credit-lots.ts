import { z } from 'zod'
import type { CreditLotRow } from '../storage/credit-lots.ts'
import type { BalanceRow, Standing } from '../storage/ledger.ts'

/** Models by `provider/model` or `model`, where a `*` at the end stands for the rest. */
export const ModelPatterns = z
  .array(
    z
      .string()
      .regex(/^[\x21-\x7e]{1,200}$/, 'must be names of models: at most 200 visible ASCII characters')
      .regex(/^[^*]*[*]?$/, 'may have a * at the end only'),
  )
  .max(100)

/**
 * Everything that a model is called here and at its provider. Whoever calls it by another name, or in other letters, gets
 * no further: some providers do not tell them apart.
 */
export type ModelNames = readonly string[]

function pays({ excluded_models }: CreditLotRow, names: ModelNames): boolean {
  if (excluded_models === '[]') return true
  const patterns: string[] = JSON.parse(excluded_models)
  const called = names.map((name) => name.toLowerCase())
  return !patterns.some((pattern) => {
    const wanted = pattern.toLowerCase()
    return wanted.endsWith('*') ? called.some((name) => name.startsWith(wanted.slice(0, -1))) : called.includes(wanted)
  })
}

/** What of a lot no call has set aside. */
export const roomIn = ({ remaining_nano, reserved_nano }: CreditLotRow): number => remaining_nano - reserved_nano

/** What was paid for, and no call has set aside. */
export const paidIn = (balance: BalanceRow): number =>
  balance.balance_nano - balance.lots_nano - (balance.reserved_nano - balance.lots_reserved_nano)

/** Those that pay for a model now (without one: for any at all), in the order in which they are spent: soonest end first. */
export function usableLots(lots: readonly CreditLotRow[], now: number, names?: ModelNames): CreditLotRow[] {
  return lots
    .filter((lot) => roomIn(lot) > 0 && (lot.expires_at === null || lot.expires_at > now))
    .filter((lot) => names === undefined || pays(lot, names))
    .sort(bySpending)
}

function bySpending(a: CreditLotRow, b: CreditLotRow): number {
  const [first, second] = [a.expires_at ?? Number.POSITIVE_INFINITY, b.expires_at ?? Number.POSITIVE_INFINITY]
  if (first !== second) return first < second ? -1 : 1
  return a.created_at - b.created_at || (a.lot_id < b.lot_id ? -1 : 1)
}

/** Nano-dollars that can be spent now on a model, or on any. */
export function spendableIn({ balance, lots }: Standing, now: number, names?: ModelNames): number {
  if (!balance) return 0
  return usableLots(lots, now, names).reduce((sum, lot) => sum + roomIn(lot), paidIn(balance))
}

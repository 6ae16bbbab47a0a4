import type { Deps } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { ApiError } from '../http/errors.ts'
import { addAuthFailure, findAuthFailures, takeBackAuthFailure } from '../storage/auth-failures.ts'

/** So many of a kind, for whom it names, in a window that begins with the first. */
export interface Limit {
  kind: string
  of: string
  most: number
}

export const WINDOW_MS = 600_000

export const perAddress = {
  password: 100,
  signUp: 30,
  mail: 50,
  link: 60,
  challenge: 300,
} as const
export const WRONG_PASSWORDS = 10
/** By who is signed in as them already, wherever from. */
export const wrongPasswordsOf = (userId: string): Limit => ({ kind: 'password of', of: userId, most: WRONG_PASSWORDS })
export const MAILS_TO_ONE_ADDRESS = 5

/**
 * Takes one of each, or throws 429. Passwords can be guessed, unlike the secrets of machines, so beyond the limit the right
 * one is refused too; and a try counts before it is made, so that a hundred at once are counted like a hundred in a row.
 * What it gives takes the try back, for one that was no failure.
 */
export async function takeAttempt(
  { db, now: clock }: Pick<Deps, 'db' | 'now'>,
  limits: readonly Limit[],
): Promise<() => Promise<void>> {
  const now = clock()
  const since = now - WINDOW_MS
  const keyed = limits.map(({ kind, of, most }) => ({ key: sha256(`${kind}\0${of}`), most }))
  // Who is over the limit already costs no write.
  const before = await Promise.all(keyed.map(({ key }) => findAuthFailures(db.read, key, since)))
  for (const [at, { most }] of keyed.entries()) refuseBeyond(before[at], most - 1, now)

  await db.write(async ({ trx }) => {
    for (const { key, most } of keyed) refuseBeyond(await addAuthFailure(trx, key, now, since), most, now)
  })
  return () =>
    db.write(async ({ trx }) => {
      for (const { key } of keyed) await takeBackAuthFailure(trx, key)
    })
}

function refuseBeyond(counted: { count: number; started_at: number } | undefined, most: number, now: number): void {
  if (counted === undefined || counted.count <= most) return
  const seconds = Math.max(1, Math.ceil((counted.started_at + WINDOW_MS - now) / 1000))
  throw new ApiError('rate_limit_exceeded', `That was too often; wait ${seconds} s and try again`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

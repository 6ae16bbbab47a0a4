import type { Deps } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { networkOf } from '../http/client-address.ts'
import { ApiError } from '../http/errors.ts'
import { addAuthFailure, findAuthFailures, takeBackAuthFailure } from '../storage/auth-failures.ts'

/** So many of a kind, for whom it names, in a window that begins with the first. */
export interface Limit {
  kind: string
  of: string
  most: number
}

const WINDOW_MS = 600_000
const WRONG_PASSWORDS = 10
const MAILS_TO_ONE_ADDRESS = 5
const INVITATIONS_BY_ONE_PERSON = 50

/** What one caller may do in a window, whomever for. */
export const perAddress = {
  password: 100,
  signUp: 30,
  mail: 50,
  link: 60,
  challenge: 300,
} as const

export function ofAddress(address: string, kind: keyof typeof perAddress): Limit {
  return { kind, of: networkOf(address), most: perAddress[kind] }
}

/** By somebody who is not signed in: of one account, from one place, so that nobody can lock its owner out elsewhere. */
export function wrongPasswordsAt(email: string, address: string): Limit {
  return { kind: 'password of', of: `${email}\0${networkOf(address)}`, most: WRONG_PASSWORDS }
}

/** By who is signed in as them already, wherever from. */
export function wrongPasswordsOf(userId: string): Limit {
  return { kind: 'password again', of: userId, most: WRONG_PASSWORDS }
}

export function mailTo(email: string): Limit {
  return { kind: 'mail to', of: email, most: MAILS_TO_ONE_ADDRESS }
}

/** An account is quickly made, and an invitation is a mail to whomever its maker likes. */
export function invitationsBy(userId: string): Limit {
  return { kind: 'invitations by', of: userId, most: INVITATIONS_BY_ONE_PERSON }
}

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

import type { Random } from './random.ts'

export type IdPrefix =
  | 'agent'
  | 'client'
  | 'req'
  | 'grant'
  | 'user'
  | 'org'
  | 'sec'
  | 'evt'
  | 'chain'
  | 'sig'
  | 'ses'
  | 'acct'
  | 'ver'
  | 'passkey'
  | 'inv'
  | 'mail'
  | 'key'
  | 'entry'
  | 'use'
  | 'conn'
  | 'cgrant'
  | 'wh'
  | 'whd'
  | 'mcp'
export type SecretPrefix = 'aas' | 'acs' | 'aak' | 'rt' | 'ait'

// Crockford-like base32: 32 signs, so that five bits of a byte choose one without bias.
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'
const RANDOM_SIGNS = 26
/** Milliseconds until the year 3084. */
const TIME_SIGNS = 9

/** A public name of a record: `prefix_` and 130 random bits, lower case, safe in a URL and selected by a double click. */
export function newId(random: Random, prefix: IdPrefix): string {
  return `${prefix}_${randomSigns(random)}`
}

/**
 * The same with the time in front: such ids sort by age. For records of which there are many, whose rows and index entries
 * then stand together, rather than each on a page of its own.
 */
export function newTimedId(random: Random, prefix: IdPrefix, now: number): string {
  return firstIdAt(prefix, now) + randomSigns(random)
}

/** Sorts before every timed id of that millisecond or later, and after all before. */
export function firstIdAt(prefix: IdPrefix, time: number): string {
  let left = Math.max(0, Math.floor(time))
  let signs = ''
  for (let at = 0; at < TIME_SIGNS; at++) {
    signs = ALPHABET[left % 32] + signs
    left = Math.floor(left / 32)
  }
  return `${prefix}_${signs}`
}

function randomSigns(random: Random): string {
  let signs = ''
  for (const byte of random(RANDOM_SIGNS)) signs += ALPHABET[byte & 31]
  return signs
}

/** A machine secret: `prefix_` and 256 random bits. Shown once, then known only by its keyed hash. */
export function newSecret(random: Random, prefix: SecretPrefix): string {
  return `${prefix}_${random(32).toString('base64url')}`
}

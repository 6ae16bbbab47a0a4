import type { Random } from './random.ts'

export type IdPrefix = 'agent' | 'client' | 'req' | 'grant' | 'user' | 'org' | 'sec' | 'evt' | 'chain' | 'sig'
export type SecretPrefix = 'aas' | 'acs' | 'aak' | 'rt'

// Crockford-like base32: 32 signs, so that five bits of a byte choose one without bias.
const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'
const ID_LENGTH = 26

/** A public name of a record: `prefix_` and 130 random bits, lower case, safe in a URL and selected by a double click. */
export function newId(random: Random, prefix: IdPrefix): string {
  const bytes = random(ID_LENGTH)
  let id = `${prefix}_`
  for (const byte of bytes) id += ALPHABET[byte & 31]
  return id
}

/** A machine secret: `prefix_` and 256 random bits. Shown once, then known only by its keyed hash. */
export function newSecret(random: Random, prefix: SecretPrefix): string {
  return `${prefix}_${random(32).toString('base64url')}`
}

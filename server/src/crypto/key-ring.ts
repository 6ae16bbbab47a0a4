import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import type { Random } from './random.ts'

export interface MasterKey {
  id: string
  /** 32 bytes. */
  key: Buffer
}

/**
 * What is done with the operator's master keys. The first key of the ring writes, all of them read, so a key is
 * replaced by putting a new one in front and leaving the old one until nothing names it any more.
 */
export interface KeyRing {
  /** Keyed hash of a machine secret, `keyId:base64url`. `purpose` keeps the hash of one kind from standing for another. */
  hash(purpose: string, secret: string): string
  /** The hash under each key of the ring, primary first: what to look a secret up by. */
  hashes(purpose: string, secret: string): string[]
  /** Whether `secret` is what `stored` was made of. Constant time. */
  matches(purpose: string, secret: string, stored: string): boolean
  /** A value only this ring can make again from the same parts; 256 bits. `keyId` picks the key that made it first. */
  derive(purpose: string, parts: readonly string[], keyId?: string): string
  /** AES-256-GCM under a fresh data key, which the ring wraps; both are bound to `record`, the row and column it stands in. */
  seal(plaintext: string, record: string): string
  /** Throws when the text was altered, moved from another record, or sealed by a key that left the ring. */
  unseal(sealed: string, record: string): string
  /** The same text with its data key under the primary key; what it seals is not touched, nor seen. */
  rewrap(sealed: string, record: string): string
  /** Ids of the keys, primary first. */
  ids: readonly string[]
}

interface RingKey {
  id: string
  hash: KeyObject
  derive: KeyObject
  wrap: KeyObject
}

export class UnsealError extends Error {
  override readonly name = 'UnsealError'
}

export function createKeyRing(masterKeys: readonly MasterKey[], random: Random): KeyRing {
  const keys = masterKeys.map(expand)
  const byId = new Map(keys.map((key) => [key.id, key]))
  const primary = keys[0]
  if (!primary) throw new RangeError('Cannot build a key ring without a key')

  return {
    ids: keys.map((key) => key.id),
    hash: (purpose, secret) => hashUnder(primary, purpose, secret),
    hashes: (purpose, secret) => keys.map((key) => hashUnder(key, purpose, secret)),
    matches(purpose, secret, stored) {
      const key = byId.get(stored.slice(0, stored.indexOf(':')))
      return same(hashUnder(key ?? primary, purpose, secret), stored)
    },
    derive: (purpose, parts, keyId) => {
      const key = keyId === undefined ? primary : byId.get(keyId)
      if (!key) throw new UnsealError(`No master key "${keyId}" in the ring`)
      return createHmac('sha256', key.derive)
        .update(JSON.stringify([purpose, ...parts]))
        .digest('base64url')
    },
    seal: (plaintext, record) => seal(primary, random, plaintext, record),
    unseal: (sealed, record) => unseal(byId, sealed, record),
    rewrap: (sealed, record) => rewrap(byId, primary, random, sealed, record),
  }
}

/** Compares without telling by its time where two strings part. Their lengths are no secret. */
export function same(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** One master key never serves two uses: each gets its own by HKDF (RFC 5869). */
function expand({ id, key }: MasterKey): RingKey {
  const subkey = (use: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `auth-agent/${use}`, 32)))
  return { id, hash: subkey('hash'), derive: subkey('derive'), wrap: subkey('wrap') }
}

function hashUnder(key: RingKey, purpose: string, secret: string): string {
  return `${key.id}:${createHmac('sha256', key.hash).update(`${purpose}\0${secret}`).digest('base64url')}`
}

const IV_BYTES = 12
const TAG_BYTES = 16

function seal(key: RingKey, random: Random, plaintext: string, record: string): string {
  const dataKey = random(32)
  const wrapped = encrypt(key.wrap, random(IV_BYTES), dataKey, `${key.id}\0${record}`)
  const body = encrypt(createSecretKey(dataKey), random(IV_BYTES), Buffer.from(plaintext), record)
  dataKey.fill(0)
  return `s1.${key.id}.${wrapped.toString('base64url')}.${body.toString('base64url')}`
}

function unseal(keys: ReadonlyMap<string, RingKey>, sealed: string, record: string): string {
  const { dataKey, body } = open(keys, sealed, record)
  return trusted(record, () => decrypt(createSecretKey(dataKey), Buffer.from(body, 'base64url'), record).toString())
}

function rewrap(
  keys: ReadonlyMap<string, RingKey>,
  to: RingKey,
  random: Random,
  sealed: string,
  record: string,
): string {
  const { dataKey, body } = open(keys, sealed, record)
  const wrapped = encrypt(to.wrap, random(IV_BYTES), dataKey, `${to.id}\0${record}`)
  dataKey.fill(0)
  return `s1.${to.id}.${wrapped.toString('base64url')}.${body}`
}

/** The id of the master key that a sealed text needs. */
export function sealedUnder(sealed: string): string {
  return sealed.split('.', 2)[1] ?? ''
}

function open(keys: ReadonlyMap<string, RingKey>, sealed: string, record: string) {
  const [version, keyId = '', wrapped = '', body = ''] = sealed.split('.')
  const key = keys.get(keyId)
  if (version !== 's1' || !key) throw new UnsealError(`Cannot unseal ${record}: no master key "${keyId}" in the ring`)
  const unwrap = () => decrypt(key.wrap, Buffer.from(wrapped, 'base64url'), `${keyId}\0${record}`)
  return { dataKey: trusted(record, unwrap), body }
}

function trusted<T>(record: string, decrypted: () => T): T {
  try {
    return decrypted()
  } catch (cause) {
    throw new UnsealError(`Cannot unseal ${record}: it was altered or belongs to another record`, { cause })
  }
}

function encrypt(key: KeyObject, iv: Buffer, plaintext: Buffer, aad: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(aad))
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: KeyObject, sealed: Buffer, aad: string): Buffer {
  const tagAt = sealed.length - TAG_BYTES
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(tagAt))
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, tagAt)), decipher.final()])
}

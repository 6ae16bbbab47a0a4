import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, type webcrypto } from 'node:crypto'
import { encodeHeader, type SigningAlg, sha256, signCompact } from '../crypto/jws.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { Database } from '../storage/database.ts'
import { claimSetting } from '../storage/settings.ts'
import { insertSigningKey, listSigningKeys, retireSigningKeys, type SigningKeyRow } from '../storage/signing-keys.ts'

export interface SigningKeys {
  /** A compact JWS by the key that signs now. */
  sign(typ: string, claims: object): string
  /** The public key of that name, while it is published (or, for old records, ever was); a name unknown is asked for in the database. */
  find(kid: string, options?: { retired?: boolean }): Promise<{ alg: SigningAlg; publicKey: KeyObject } | undefined>
  /** The JWKS document (RFC 7517 §5) and its validator. */
  jwks(): Promise<{ body: string; etag: string }>
  /** Reads the keys again: another process may have rotated them. */
  reload(): Promise<void>
  /** A new key that signs after the overlap; the old one stays published until nothing it signed is alive. */
  rotate(options?: { immediately?: boolean }): Promise<string>
  /** The same, by one process only, however many find at once that the current key is old. */
  rotateOnce(): Promise<void>
  /** Kid and start of the key that signs now. */
  current(): { kid: string; activeAt: number }
}

/** A new key is published this long before it signs, so that every cache of our JWKS knows it first. Metadata is cached as long. */
export const PUBLISH_AHEAD_MS = 300_000
/** The keys are looked up no more often than this: anybody can ask, and make up names to ask for. */
const RELOAD_INTERVAL_MS = 1000

interface LoadedKey {
  row: SigningKeyRow
  alg: SigningAlg
  publicKey: KeyObject
  privateKey: KeyObject
  headers: Map<string, string>
}

interface World {
  db: Database
  ring: KeyRing
  now: () => number
  alg: SigningAlg
  /** Milliseconds for which something signed may live. */
  tokenLifetimeMs: number
}

/** Loads the signing keys, making the first one when there is none of the algorithm configured. */
export async function openSigningKeys(world: World): Promise<SigningKeys> {
  const { db, ring, now } = world
  let keys: LoadedKey[] = []
  let jwks = { body: '', etag: '' }
  let reloadedAt = 0

  async function reload() {
    reloadedAt = now()
    const rows = await listSigningKeys(db.read)
    keys = rows.map(
      (row) =>
        keys.find((known) => known.row.kid === row.kid && known.row.retires_at === row.retires_at) ?? load(ring, row),
    )
    const body = JSON.stringify({
      keys: keys.filter(({ row }) => isPublished(row)).map(({ row }) => JSON.parse(row.public_jwk)),
    })
    jwks = { body, etag: `"${sha256(body).slice(0, 22)}"` }
  }

  const isPublished = (row: SigningKeyRow) => row.retires_at === null || row.retires_at > now()

  /** The youngest key of our algorithm that has begun. */
  function current(): LoadedKey {
    const ours = keys.filter(({ row }) => row.alg === world.alg)
    // A clock that is behind finds none begun: then the first, which everybody knows.
    const key = ours.findLast(({ row }) => row.active_at <= now()) ?? ours[0]
    if (!key) throw new Error('No signing key is active')
    return key
  }

  async function rotate({ immediately = false } = {}) {
    const key = makeKey(world, immediately ? now() : now() + PUBLISH_AHEAD_MS)
    const old = keys.filter(({ row }) => row.retires_at === null).map(({ row }) => row.kid)
    await db.write(async ({ trx }) => {
      await insertSigningKey(trx, key)
      await retireSigningKeys(trx, old, key.active_at + PUBLISH_AHEAD_MS + world.tokenLifetimeMs)
    })
    await reload()
    return key.kid
  }

  async function rotateOnce() {
    const claim = `signing_key_after_${current().row.kid}`
    if (await db.write(({ trx }) => claimSetting(trx, claim, String(now())))) await rotate()
  }

  async function makeFirst() {
    const key = makeKey(world, now())
    await db.write(async ({ trx }) => {
      if (await claimSetting(trx, `first_signing_key_${world.alg}`, key.kid)) await insertSigningKey(trx, key)
    })
  }

  await reload()
  if (!keys.some(({ row }) => row.alg === world.alg)) {
    await makeFirst()
    await reload()
  }

  return {
    sign(typ, claims) {
      const { alg, privateKey, row, headers } = current()
      let header = headers.get(typ)
      if (!header) {
        header = encodeHeader({ alg, kid: row.kid, typ })
        headers.set(typ, header)
      }
      return signCompact(alg, privateKey, header, claims)
    },
    async find(kid, { retired = false } = {}) {
      const look = () => keys.find(({ row }) => row.kid === kid && (retired || isPublished(row)))
      const known = look()
      if (known || now() - reloadedAt <= RELOAD_INTERVAL_MS) return known
      await reload()
      return look()
    },
    async jwks() {
      // Another process may sign with a key that we do not know of yet; who asks us for it must find it.
      if (now() - reloadedAt > RELOAD_INTERVAL_MS) await reload()
      return jwks
    },
    reload,
    rotate,
    rotateOnce,
    current() {
      const { row } = current()
      return { kid: row.kid, activeAt: row.active_at }
    },
  }
}

function load(ring: KeyRing, row: SigningKeyRow): LoadedKey {
  const privateKey = createPrivateKey({
    key: JSON.parse(ring.unseal(row.private_sealed, sealedFor(row.kid))),
    format: 'jwk',
  })
  return { row, alg: row.alg as SigningAlg, privateKey, publicKey: createPublicKey(privateKey), headers: new Map() }
}

/** What a private key is sealed for: the row and column it stands in. */
export const sealedFor = (kid: string) => `signing_key.private_sealed:${kid}`

function makeKey({ ring, now, alg }: World, activeAt: number): SigningKeyRow {
  const { publicKey, privateKey } = generate(alg)
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = thumbprint(jwk)
  return {
    kid,
    alg,
    public_jwk: JSON.stringify({ ...jwk, kid, alg, use: 'sig' }),
    private_sealed: ring.seal(JSON.stringify(privateKey.export({ format: 'jwk' })), sealedFor(kid)),
    created_at: now(),
    active_at: activeAt,
    retires_at: null,
  }
}

function generate(alg: SigningAlg) {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** RFC 7638 §3.2: the required members, in lexical order. */
function thumbprint(jwk: webcrypto.JsonWebKey): string {
  const members = ['crv', 'e', 'kty', 'n', 'x', 'y'] as const
  return sha256(
    JSON.stringify(Object.fromEntries(members.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])))),
  )
}

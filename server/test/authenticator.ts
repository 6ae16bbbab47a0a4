import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { ISSUER } from './harness.ts'

interface Ceremony {
  challenge: string
  /** Where the browser says that it is. */
  origin?: string
  /** Whether the person gave a PIN, a finger or the like. */
  verified?: boolean
}

/** A passkey and the browser around it, in software (WebAuthn Level 3 §6). */
export function createPasskey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(16)
  let counter = 0

  function authenticatorData(verified: boolean, attested = Buffer.alloc(0)) {
    counter++
    const flags = 0x01 | (verified ? 0x04 : 0) | (attested.length > 0 ? 0x40 : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    const rpIdHash = createHash('sha256').update('localhost').digest()
    return Buffer.concat([rpIdHash, Buffer.from([flags]), count, attested])
  }

  function credential(response: Record<string, string>) {
    const name = id.toString('base64url')
    return { id: name, rawId: name, type: 'public-key', clientExtensionResults: {}, response }
  }

  return {
    /** §5.1.3, with attestation `none`. */
    create({ challenge, origin = ISSUER, verified = true }: Ceremony) {
      const jwk = publicKey.export({ format: 'jwk' })
      const point = (text = '') => Buffer.from(text, 'base64url')
      const key = cborMap([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, point(jwk.x)],
        [-3, point(jwk.y)],
      ])
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, key])
      const attestation = cborMap([
        ['fmt', 'none'],
        ['attStmt', []],
        ['authData', authenticatorData(verified, attested)],
      ])
      return credential({
        clientDataJSON: clientData('webauthn.create', challenge, origin).toString('base64url'),
        attestationObject: attestation.toString('base64url'),
      })
    },

    /** §5.1.4. */
    get({ challenge, origin = ISSUER, verified = true }: Ceremony) {
      const data = authenticatorData(verified)
      const client = clientData('webauthn.get', challenge, origin)
      const signed = Buffer.concat([data, createHash('sha256').update(client).digest()])
      return credential({
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: sign('sha256', signed, privateKey).toString('base64url'),
      })
    },
  }
}

function clientData(type: string, challenge: string, origin: string): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
}

type Cbor = number | string | Buffer | readonly [Cbor, Cbor][]

/** RFC 8949 §3.1, as far as passkeys need it. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, value.length), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  return cborMap(value)
}

function cborMap(entries: readonly [Cbor, Cbor][]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([name, value]) => [cbor(name), cbor(value)])])
}

function head(major: number, length: number): Buffer {
  return length < 24 ? Buffer.from([(major << 5) | length]) : Buffer.from([(major << 5) | 24, length])
}

import { ApiFailure } from '../../api.ts'

export interface KeyPair {
  alg: 'EdDSA' | 'ES256'
  /** Sent to the server. */
  publicJwk: Record<string, string>
  /** Shown once, and kept nowhere. */
  privateJwk: Record<string, string>
}

/** Ed25519 where the browser has it, else the curve that all of them have. The private half never leaves the page. */
export async function makeKeyPair(): Promise<KeyPair> {
  // Browsers have it on https and on localhost only.
  if (!('subtle' in crypto))
    throw new ApiFailure(0, 'no_key', 'This browser makes keys on https pages only. Open the console by https.')
  return (
    (await generate('EdDSA', 'Ed25519')) ?? (await generate('ES256', { name: 'ECDSA', namedCurve: 'P-256' })) ?? none()
  )
}

async function generate(alg: KeyPair['alg'], algorithm: AlgorithmIdentifier | EcKeyGenParams) {
  try {
    const pair = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    if (!('privateKey' in pair)) return undefined
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)
    const publicJwk = given({ kty, crv, x, y, alg })
    return { alg, publicJwk, privateJwk: { ...publicJwk, ...given({ d }) } }
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotSupportedError') return undefined
    throw error
  }
}

function given(members: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

function none(): never {
  throw new ApiFailure(0, 'no_key', 'This browser cannot make a key pair. Choose a secret, or use another browser.')
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'

export interface SigningKey {
  kid: string
  alg: string
  privateKey: CryptoKey
  publicJwk: JWK
}

export async function newSigningKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** As a test wants them: whatever they should be; what is undefined is left out. */
export type Claims = Record<string, unknown>

export type OutsideIssuer = Awaited<ReturnType<typeof startOutsideIssuer>>

/** Somebody else's identity provider: keys that it publishes, and tokens that it signs. */
export async function startOutsideIssuer(key: SigningKey) {
  const issuer = {
    origin: '',
    key,
    published: [key.publicJwk] as JWK[],
    /** How often its keys were asked for. */
    asked: 0,
    delayMs: 0,
    /** What it says in the place of its keys. */
    down: undefined as { status: number; body: string } | 'hang up' | undefined,
    /** A new key in the place of the present one. */
    async rotate(kid: string): Promise<void> {
      issuer.key = await newSigningKey(kid)
      issuer.published = [issuer.key.publicJwk]
    },
    /** As AuthKit's are, without `aud`; `now` in epoch milliseconds. */
    token(
      now: number,
      claims: Claims = {},
      header: Partial<JWTHeaderParameters> = {},
      by?: SigningKey,
    ): Promise<string> {
      const { alg, kid, privateKey } = by ?? issuer.key
      const iat = Math.floor(now / 1000)
      const all = { iss: issuer.origin, sub: 'user_01', sid: 'session_01', iat, exp: iat + 300, ...claims }
      return new SignJWT(all).setProtectedHeader({ alg, kid, ...header }).sign(privateKey)
    },
    stop: (): Promise<unknown> =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }

  async function serve(request: IncomingMessage, response: ServerResponse) {
    issuer.asked++
    await sleep(issuer.delayMs)
    if (issuer.down === 'hang up') return void request.socket.destroy()
    const { status, body } = issuer.down ?? { status: 200, body: JSON.stringify({ keys: issuer.published }) }
    response.writeHead(status, { 'content-type': 'application/json', location: `${issuer.origin}/elsewhere` }).end(body)
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return issuer
}

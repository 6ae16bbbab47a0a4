import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { Connection, type Reply } from './connection.ts'
import { basic, expectStatus, member, postForm, UnexpectedReply } from './request.ts'
import type { Client, Granted, Side } from './side.ts'

export type Tokens = { accessToken: string; refreshToken: string }

/** The request of a token, its client authenticated by HTTP Basic. */
export function tokenRequest(side: Side, client: Client, form: string): string {
  return postForm(side.endpoints.token, form, [basic(client.id, client.secret)])
}

export function codeRequest(side: Side, client: Client, { code, verifier }: Granted): string {
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUri,
    code_verifier: verifier,
  })
  return tokenRequest(side, client, form.toString())
}

export async function exchange(
  side: Side,
  connection: Connection,
  client: Client,
  granted: Granted,
  format: TokenFormat = 'jwt',
): Promise<Tokens> {
  const reply = await connection.send(codeRequest(side, client, granted))
  const accessToken = accessTokenOf(reply, format)
  member(reply, 'id_token')
  return { accessToken, refreshToken: member(reply, 'refresh_token') }
}

export type TokenFormat = 'jwt' | 'opaque'

/** The access token of a good answer of the format that the row compares. */
export function accessTokenOf(reply: Reply, format: TokenFormat): string {
  expectStatus(reply, 200)
  const token = member(reply, 'access_token')
  if (token.includes('.') !== (format === 'jwt')) throw new UnexpectedReply(`a token of the format ${format}`, reply)
  return token
}

/** Both sides sign with ES256, and with a key that they publish: else the rows would compare different work. */
export async function expectLikeForLike(side: Side): Promise<void> {
  const origin = `http://127.0.0.1:${side.server.port}`
  const connection = new Connection(side.server.port)
  try {
    const reply = await connection.send(tokenRequest(side, side.client, 'grant_type=client_credentials'))
    const metadata: { jwks_uri: string } = await json(`${origin}/.well-known/openid-configuration`)
    const jwks: { keys: Jwk[] } = await json(metadata.jwks_uri)
    verifyEs256(accessTokenOf(reply, 'jwt'), jwks.keys)
  } finally {
    connection.close()
  }
}

type Jwk = JsonWebKey & { kid?: string }

async function json<T>(url: string): Promise<T> {
  const answer = await fetch(url)
  return (await answer.json()) as T
}

function verifyEs256(token: string, keys: Jwk[]): void {
  const [head = '', payload = '', signature = ''] = token.split('.')
  const header: { alg: string; kid: string } = JSON.parse(Buffer.from(head, 'base64url').toString())
  const jwk = keys.find(({ kid }) => kid === header.kid)
  if (header.alg !== 'ES256' || !jwk) throw new Error(`Not an ES256 token of a published key: ${head}`)
  const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const }
  const good = verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))
  if (!good) throw new Error('The signature of the access token is wrong')
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unsealTokens } from '../src/connections/vault.ts'
import { findConnection } from '../src/storage/connections.ts'
import { type ConnectionsServer, startConnections } from './connection-flows.ts'
import { databaseFiles } from './database-files.ts'
import { claimsOf } from './harness.ts'
import { startOpenIdProvider } from './openid-provider.ts'

const CLIENT = {
  id: 'auth-agent',
  secret: 'secret-canary-of-openid',
  redirectUri: 'http://localhost:4000/auth/callback/op',
}

describe('with a real OpenID provider', () => {
  let server: ConnectionsServer
  let provider: Awaited<ReturnType<typeof startOpenIdProvider>>
  let token: string
  beforeAll(async () => {
    provider = await startOpenIdProvider({ client: CLIENT })
    server = await startConnections('sqlite')
    const { id: client_id, secret: client_secret } = CLIENT
    const set = await server.admin('POST', '/providers', {
      name: 'op',
      issuer: provider.issuer,
      client_id,
      client_secret,
      authorization_params: { prompt: 'consent' },
    })
    expect(set.status).toBe(201)
    token = (await server.makeAgent()).token
  })
  afterAll(async () => {
    await server.stop()
    await provider.stop()
  })

  async function connect() {
    const scopes = ['openid', 'email', 'offline_access']
    const body = { user_id: 'ada', provider_name: 'op', scopes, return_url: 'http://localhost:3000/done' }
    const requested = await server.call('POST', '/v1/request-connection', { token, body })
    const back = await provider.follow(requested.body.authUrl)
    expect(back.origin + back.pathname).toBe(CLIENT.redirectUri)
    return { requested: requested.body, back, answer: await server.call('GET', back.pathname + back.search) }
  }

  test('an account is connected, used, refreshed and ended', async () => {
    const { requested, back, answer } = await connect()
    const { connection_id } = requested
    expect(back.searchParams.get('iss')).toBe(provider.issuer)
    expect(answer.headers.get('location')).toBe(
      `http://localhost:3000/done?status=success&connection_id=${connection_id}`,
    )
    const checked = await server.call('GET', `/v1/check-connection/${connection_id}`, { token })
    expect(checked.body).toMatchObject({ status: 'active', account: 'ada@openid.example' })

    const first = (await server.call('GET', `/v1/token/${connection_id}`, { token })).body
    expect(claimsOf(first.id_token)).toMatchObject({ iss: provider.issuer, aud: CLIENT.id, sub: 'ada' })
    const refreshed = await server.call('POST', `/v1/refresh/${connection_id}`, { token })
    expect(refreshed.status).toBe(200)
    expect(refreshed.body.access_token).not.toBe(first.access_token)
    const userinfo = await fetch(`${provider.issuer}/me`, {
      headers: { authorization: `Bearer ${refreshed.body.access_token}` },
    })
    expect(await userinfo.json()).toMatchObject({ email: 'ada@openid.example' })

    const ended = await server.call('DELETE', `/v1/connections/${connection_id}`, { token })
    expect(ended.body).toEqual({ revoked_upstream: true })
    const after = await fetch(`${provider.issuer}/me`, {
      headers: { authorization: `Bearer ${refreshed.body.access_token}` },
    })
    expect(after.status).toBe(401)
  })

  test('nothing secret of it stands in the files of the database, in any encoding', async () => {
    const { requested, back } = await connect()
    const row = await findConnection(server.deps.db.read, requested.connection_id)
    if (!row?.tokens_sealed) throw new Error('no tokens')
    const { access_token, refresh_token = '', id_token = '' } = unsealTokens(server.deps, row, row.tokens_sealed)
    const pending = (await server.call('POST', '/v1/request-connection', {
      token,
      body: { user_id: 'ada', provider_name: 'op', scopes: ['openid'] },
    })) as { body: { state: string } }
    const bytes = databaseFiles(server.databaseUrl).map((file) => file.bytes)
    expect(bytes.length).toBeGreaterThan(1)
    const secrets = [access_token, refresh_token, id_token, CLIENT.secret, requested.state, pending.body.state, token]
    for (const secret of [...secrets, back.searchParams.get('code') ?? ''])
      for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
        const written = encoding === 'utf8' ? secret : Buffer.from(secret).toString(encoding).replace(/.?=*$/, '')
        for (const file of bytes) expect(file.includes(written)).toBe(false)
      }
  })

  test('tokens that are swapped between two connections, or put back, are given to nobody', async () => {
    const [one, other] = [(await connect()).requested.connection_id, (await connect()).requested.connection_id]
    const sealedOf = async (id: string) => (await findConnection(server.deps.db.read, id))?.tokens_sealed ?? ''
    const put = (id: string, tokens_sealed: string) =>
      server.deps.db.write(({ trx }) =>
        trx.updateTable('connection').set({ tokens_sealed }).where('connection_id', '=', id).execute(),
      )
    const read = async (id: string) => (await server.call('GET', `/v1/token/${id}`, { token })).body
    const before = await sealedOf(one)
    await put(one, await sealedOf(other))
    expect((await read(one)).error).toBe('integrity_error')
    await put(one, before)
    expect((await read(one)).access_token).toEqual(expect.any(String))
    await server.call('POST', `/v1/refresh/${one}`, { token })
    await put(one, before)
    expect((await read(one)).error).toBe('integrity_error')
    const log = await server.admin('GET', '/audit-log?action=connection.integrity_error')
    expect(log.body.data.length).toBeGreaterThan(0)
  })
})

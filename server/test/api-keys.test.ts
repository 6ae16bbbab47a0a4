import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isApiKey, newApiKey } from '../src/accounts/api-keys.ts'
import { createRandom } from '../src/crypto/random.ts'
import { DATABASES, type Person, startServer, type TestServer } from './harness.ts'

describe.each(DATABASES)('an API key, on %s', (kind) => {
  let server: TestServer
  let ada: Person
  beforeAll(async () => {
    server = await startServer(kind)
    ada = await server.person({ name: 'Ada', email: 'ada@example.com' })
  })
  afterAll(() => server.stop())

  const make = async (body: object, of = ada) => (await of.send('POST', '/api/api-keys', body)).body
  const list = async (of = ada) => (await of.get('/api/api-keys')).body.data
  const verify = (key: string) => server.request('/api/oauth/verify', { headers: { authorization: `Bearer ${key}` } })
  const call = (key: string, path: string, method = 'GET', body?: object) =>
    server.request(path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })

  test('is shown once, and known by its ends', async () => {
    const { api_key: key, ...shown } = await make({ name: 'Script' })
    expect(key).toMatch(/^sk-aa-v1-[\w-]{49}$/)
    expect(shown).toMatchObject({
      name: 'Script',
      scopes: ['agent-fuel', 'connections'],
      prefix: key.slice(0, 13),
      last_four: key.slice(-4),
      expires_at: null,
      last_used_at: null,
    })
    const listed = await ada.get('/api/api-keys')
    expect(listed.body.data).toContainEqual(shown)
    expect(listed.text).not.toContain(key)
  })

  test('says whose it is, and that it was used', async () => {
    const { api_key: key, key_id } = await make({ name: 'Used' })
    expect((await verify(key)).body).toEqual({
      id: ada.id,
      email: 'ada@example.com',
      credits: 0,
      payment_method: 'credits',
    })
    await expect
      .poll(async () => (await list()).find((row: { key_id: string }) => row.key_id === key_id).last_used_at)
      .toBe(new Date(server.deps.now()).toISOString())
  })

  test('ends when it is ended, and when its time is over', async () => {
    const [ended, short] = [await make({ name: 'Ended' }), await make({ name: 'Short', expires_in: 60 })]
    expect((await ada.send('DELETE', `/api/api-keys/${ended.key_id}`)).status).toBe(204)
    expect((await verify(ended.api_key)).status).toBe(401)
    expect((await ada.send('DELETE', `/api/api-keys/${ended.key_id}`)).status).toBe(404)
    expect((await verify(short.api_key)).status).toBe(200)
    server.wait(60)
    expect((await verify(short.api_key)).status).toBe(401)
  })

  test('manages only where that was asked for, and never makes another', async () => {
    const [plain, manager] = [await make({ name: 'Plain' }), await make({ name: 'CI', scopes: ['manage'] })]
    const refused = await call(plain.api_key, '/api/agents')
    expect([refused.status, refused.body.error]).toEqual([403, 'insufficient_scope'])
    expect((await call(manager.api_key, '/api/agents')).status).toBe(200)
    const agent = await call(manager.api_key, '/api/agents', 'POST', { agent_name: 'From CI' })
    expect([agent.status, agent.body.user_email]).toEqual([201, 'ada@example.com'])
    expect((await call(manager.api_key, '/api/api-keys', 'POST', { name: 'More' })).status).toBe(403)
    expect((await call(manager.api_key, '/api/admin/agents')).status).toBe(403)
    for (const { api_key } of [plain, manager]) expect((await call(api_key, '/v1/nothing')).status).toBe(404)
  })

  test('is its person’s alone', async () => {
    const eve = await server.person({ name: 'Eve', email: 'eve@example.com' })
    const { key_id } = await make({ name: 'Mine' })
    expect(await list(eve)).toEqual([])
    expect((await eve.send('DELETE', `/api/api-keys/${key_id}`)).status).toBe(404)
  })

  test('refuses what it cannot be', async () => {
    for (const body of [
      {},
      { name: '' },
      { name: 'x', scopes: ['everything'] },
      { name: 'x', scopes: [] },
      { name: 'x', expires_in: 1 },
    ])
      expect((await ada.send('POST', '/api/api-keys', body)).status).toBe(422)
  })

  test('of a person whom the operator named spends their credits, and manages nothing', async () => {
    const user = (await server.admin('POST', '/users', { email: 'new@example.com', name: 'New' })).body
    const made = await server.admin('POST', '/api-keys', {
      user_id: user.id,
      name: 'k',
      scopes: ['agent-fuel', 'manage'],
    })
    expect(made.status).toBe(201)
    const credit = (amount_cents: unknown) =>
      server.admin('POST', `/users/${user.id}/credits`, { amount_cents, reason: 'welcome' })
    expect((await credit(250)).body).toEqual({ id: user.id, credits: 250 })
    expect((await credit(1)).body.credits).toBe(251)
    for (const wrong of [0, -5, 1.5, '100', 1e12]) expect((await credit(wrong)).status).toBe(422)
    expect((await verify(made.body.api_key)).body).toEqual({
      id: user.id,
      email: 'new@example.com',
      credits: 251,
      payment_method: 'credits',
    })
    expect((await call(made.body.api_key, '/v1/nothing')).status).toBe(404)
    expect((await call(made.body.api_key, '/api/agents')).status).toBe(403)
    expect((await server.admin('POST', '/users/user_nobody/credits', { amount_cents: 1, reason: 'x' })).status).toBe(
      404,
    )
    expect((await server.admin('POST', '/api-keys', { user_id: 'user_nobody', name: 'k' })).status).toBe(404)
  })

  test('credits of many givers add up', async () => {
    const user = (await server.admin('POST', '/users', { email: 'rich@example.com', name: 'Rich' })).body
    const give = () => server.admin('POST', `/users/${user.id}/credits`, { amount_cents: 10, reason: 'race' })
    await Promise.all(Array.from({ length: 20 }, give))
    expect((await give()).body.credits).toBe(210)
  })
})

test('a key is known by its checksum', () => {
  const key = newApiKey(createRandom())
  expect(isApiKey(key)).toBe(true)
  fc.assert(
    fc.property(fc.nat(key.length - 1), fc.constantFrom(...'abcXYZ019_-'), (at, sign) => {
      const changed = key.slice(0, at) + sign + key.slice(at + 1)
      expect(isApiKey(changed)).toBe(changed === key)
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => !isApiKey(text)))
})

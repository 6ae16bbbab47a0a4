import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ADMIN_KEY, basic, DATABASES } from './harness.ts'
import { type ModelGateway, startModelGateway } from './model-gateway.ts'
import { bearer, letIn, newApp } from './tenancy.ts'

const CHAT = JSON.stringify({ model: 'gpt-5', messages: [{ role: 'user', content: 'Hi' }] })

describe.each(DATABASES)('who may call models, on %s', (kind) => {
  let gateway: ModelGateway
  beforeAll(async () => {
    gateway = await startModelGateway(kind)
    // The first of all to sign up is the operator.
    await gateway.member(0)
  })
  afterEach(() => gateway.upstream.reset())
  afterAll(() => gateway?.stop())

  const ask = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    gateway.request(path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body }),
    })
  const tokenOf = async (agent: { agent_id: string; agent_secret: string }) => {
    const headers = basic(agent.agent_id, agent.agent_secret)
    const answer = await gateway.post('/token', { grant_type: 'client_credentials' }, headers)
    return answer.body.access_token as string
  }

  test('each credential opens what it is for, and nothing beside it', async () => {
    const ada = await gateway.member(1000)
    const key = async (scopes: string[]) =>
      bearer((await ada.window.send('POST', '/api/api-keys', { name: 'k', scopes })).body.api_key)
    const agent = await ada.window.send('POST', '/api/agents', { agent_name: 'buyer' })
    const website = await gateway.client()
    const visitor = await gateway.agent({ user_email: 'visitor@example.com' })
    const callers: Record<string, Record<string, string>> = {
      nobody: {},
      'a key to spend': bearer(ada.apiKey),
      'a key to manage': await key(['manage']),
      'an agent': bearer(await tokenOf(agent.body)),
      'a website’s sign-in': bearer((await gateway.tokens(website, visitor)).access_token),
      'a session': { cookie: ada.window.cookies(), origin: 'http://localhost:4000' },
      'the admin key': bearer(ADMIN_KEY),
    }
    // In the order of the callers.
    const matrix: [string, string, string | undefined, number[]][] = [
      ['GET', '/health', undefined, [200, 200, 200, 200, 200, 200, 200]],
      ['GET', '/v1/models', undefined, [401, 200, 403, 200, 401, 401, 403]],
      ['GET', '/v1/caller', undefined, [401, 200, 403, 200, 401, 401, 403]],
      ['POST', '/v1/chat/completions', CHAT, [401, 200, 403, 200, 401, 401, 403]],
      [
        'POST',
        '/v1/messages',
        JSON.stringify({ ...JSON.parse(CHAT), max_tokens: 9 }),
        [401, 200, 403, 200, 401, 401, 403],
      ],
      ['POST', '/v1/embeddings', JSON.stringify({ model: 'embed-1', input: 'a' }), [401, 200, 403, 200, 401, 401, 403]],
      ['GET', '/api/usage?group_by=day', undefined, [401, 200, 200, 403, 401, 200, 403]],
      ['GET', '/api/usage/receipts', undefined, [401, 200, 200, 403, 401, 200, 403]],
      ['GET', '/api/payment-method', undefined, [401, 403, 200, 403, 401, 200, 403]],
      ['GET', '/api/admin/model-providers', undefined, [401, 403, 403, 403, 401, 403, 200]],
      ['POST', '/api/admin/model-providers', '{}', [401, 403, 403, 403, 401, 403, 422]],
      ['PUT', '/api/admin/model-providers/acme', '{}', [401, 403, 403, 403, 401, 403, 422]],
      ['DELETE', '/api/admin/model-providers/none', undefined, [401, 403, 403, 403, 401, 403, 404]],
      ['POST', `/api/admin/users/${ada.id}/credits`, '{}', [401, 403, 403, 403, 401, 403, 422]],
      ['POST', '/v1/nothing', '{}', [401, 404, 404, 404, 401, 401, 404]],
    ]
    for (const [method, path, body, expected] of matrix) {
      const got: number[] = []
      for (const headers of Object.values(callers)) got.push((await ask(method, path, headers, body)).status)
      expect([method, path, got]).toEqual([method, path, expected])
    }
  })

  test('an agent spends what its owner has, until it is disabled; its token is not waited for', async () => {
    const ada = await gateway.member(100)
    const { body: agent } = await ada.window.send('POST', '/api/agents', { agent_name: 'buyer' })
    const headers = bearer(await tokenOf(agent))
    expect((await ask('POST', '/v1/chat/completions', headers, CHAT)).status).toBe(200)
    expect(await ada.credits()).toBe(99.958)
    await gateway.admin('POST', `/agents/${agent.agent_id}/disable`)
    expect((await ask('POST', '/v1/chat/completions', headers, CHAT)).status).toBe(401)
    expect(gateway.upstream.seen).toHaveLength(1)
  })

  test('an app spends what the person let it spend, and is one of their apps in usage', async () => {
    const ada = await gateway.member(100)
    const app = await gateway.client({ ...newApp })
    const { access_token: key } = await letIn(gateway, ada.window, app)
    expect((await ask('POST', '/v1/chat/completions', bearer(key), CHAT)).status).toBe(200)
    const { data } = (await ada.window.get('/api/usage?group_by=app')).body
    expect(data).toHaveLength(1)
    expect(data[0]).toMatchObject({ requests: 1, input_tokens: 12, output_tokens: 3 })
  })

  test('who calls is told for whom, and an app nothing of where its users belong', async () => {
    const ada = await gateway.member()
    const { email } = ada.window
    const user = { id: ada.id, email, name: expect.any(String) }
    const nobody = { agent_id: null, client_id: null, key_id: null }
    const organization_id = (await ada.window.get('/api/me')).body.organization.id
    const asCaller = async (credential: string) => (await ask('GET', '/v1/caller', bearer(credential))).body

    expect(await asCaller(ada.apiKey)).toEqual({
      ...nobody,
      user,
      key_id: expect.stringMatching(/^key_/),
      organization_id,
      role: 'admin',
    })
    const { body: agent } = await ada.window.send('POST', '/api/agents', { agent_name: 'buyer' })
    expect(await asCaller(await tokenOf(agent))).toEqual({
      ...nobody,
      user,
      agent_id: agent.agent_id,
      organization_id,
      role: 'admin',
    })
    const app = await gateway.client({ ...newApp })
    const { access_token } = await letIn(gateway, ada.window, app)
    expect(await asCaller(access_token)).toEqual({
      ...nobody,
      user: { ...user, name: null },
      client_id: app.client_id,
      key_id: expect.any(String),
      organization_id: null,
      role: null,
    })
    await gateway.admin('POST', `/users/${ada.id}/disable`)
    expect((await ask('GET', '/v1/caller', bearer(ada.apiKey))).status).toBe(401)
  })

  test('an address that nobody has proved is told to nobody, where that is asked for', async () => {
    const strict = await startModelGateway(kind, { REQUIRE_EMAIL_VERIFICATION: 'true' })
    const { id, apiKey } = await strict.caller()
    const { body } = await strict.request('/v1/caller', { headers: bearer(apiKey) })
    expect(body.user).toEqual({ id, email: null, name: 'Ada' })
    await strict.stop()
  })

  test('a key sees what its person spent, and an app’s what went through the app, if that was allowed', async () => {
    const ada = await gateway.member(100)
    const [app, silent] = [
      await gateway.client({ ...newApp, scope: 'agent-fuel usage-tracking' }),
      await gateway.client({ ...newApp, scope: 'agent-fuel' }),
    ]
    const [shown, hidden] = [await letIn(gateway, ada.window, app), await letIn(gateway, ada.window, silent)]
    for (const key of [ada.apiKey, ada.apiKey, shown.access_token, hidden.access_token])
      expect((await ask('POST', '/v1/chat/completions', bearer(key), CHAT)).status).toBe(200)
    const usage = (key: string, path = '/api/usage?group_by=model') => ask('GET', path, bearer(key))
    const requests = async (key: string) =>
      (await usage(key)).body.data.map((sum: { requests: number }) => sum.requests)
    expect(await requests(ada.apiKey)).toEqual([4])
    expect(await requests(shown.access_token)).toEqual([1])
    const receipts = (await usage(shown.access_token, '/api/usage/receipts')).body.data
    expect(receipts.map(({ client_id }: { client_id: string }) => client_id)).toEqual([app.client_id])
    expect((await usage(shown.access_token, '/api/usage/receipts.csv')).text.trim().split('\n')).toHaveLength(2)
    for (const path of ['/api/usage', '/api/usage/receipts', '/api/usage/receipts.csv']) {
      const refused = await usage(hidden.access_token, path)
      expect([refused.status, refused.body.error]).toEqual([403, 'insufficient_scope'])
    }
    const connecting = await ada.window.send('POST', '/api/api-keys', { name: 'k', scopes: ['connections'] })
    expect((await usage(connecting.body.api_key)).status).toBe(403)
    expect((await ask('DELETE', '/api/usage', bearer(ada.apiKey))).status).toBeGreaterThanOrEqual(403)
  })

  test('a key that was taken back is refused at once', async () => {
    const ada = await gateway.member(100)
    const { body } = await ada.window.send('POST', '/api/api-keys', { name: 'k', scopes: ['agent-fuel'] })
    expect((await ask('POST', '/v1/chat/completions', bearer(body.api_key), CHAT)).status).toBe(200)
    expect((await ada.window.send('DELETE', `/api/api-keys/${body.key_id}`)).status).toBe(204)
    expect((await ask('POST', '/v1/chat/completions', bearer(body.api_key), CHAT)).status).toBe(401)
  })
})

import { ClientCredentialsProvider } from '@modelcontextprotocol/client'
import { ClientCredentialsProvider as ProviderV1 } from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimsOf } from './harness.ts'
import { CLIENTS, type Mcp, startMcp } from './mcp-clients.ts'

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' }
const APP = 'https://app.example'

let mcp: Mcp
beforeAll(async () => {
  mcp = await startMcp('sqlite', {}, { CORS_ORIGINS: APP })
})
afterAll(() => mcp.stop())

const metadataUrl = () => `${mcp.issuer}/.well-known/oauth-protected-resource/mcp`

async function agentWithToken(resource: string | string[] | undefined) {
  const { agent_id, agent_secret } = await mcp.agent()
  const form = { grant_type: 'client_credentials', client_id: agent_id, client_secret: agent_secret }
  const { status, body } = await mcp.form('/token', { ...form, ...(resource !== undefined && { resource }) })
  return { agent_id, agent_secret, status, body, token: body.access_token as string }
}

describe('whoever has no token', () => {
  test('learns where tokens come from', async () => {
    const answer = await mcp.post(PING)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${metadataUrl()}"`)
  })

  test('learns it too with one that is not good here', async () => {
    for (const token of ['garbage', (await agentWithToken('https://api.example/')).token]) {
      const answer = await mcp.post(PING, { authorization: `Bearer ${token}` })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer resource_metadata="${metadataUrl()}", error="invalid_token"`,
      )
    }
  })

  test('is not let in by one in the query', async () => {
    const { token } = await agentWithToken(undefined)
    const answer = await fetch(`${mcp.url}?access_token=${token}`, { method: 'POST', body: JSON.stringify(PING) })
    expect(answer.status).toBe(401)
  })

  test('finds the metadata, from any page', async () => {
    for (const url of [metadataUrl(), `${mcp.issuer}/.well-known/oauth-protected-resource`]) {
      const answer = await fetch(url, { headers: { origin: 'https://anywhere.example' } })
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(await answer.json()).toEqual({
        resource: `${mcp.issuer}/mcp`,
        authorization_servers: [mcp.issuer],
        bearer_methods_supported: ['header'],
        resource_name: expect.any(String),
        resource_documentation: `${mcp.issuer}/docs`,
      })
    }
  })
})

describe('an agent that knows nothing but the address, and its own secret', () => {
  test.each(CLIENTS)('gets in with a client of %s', async (kind) => {
    const { agent_id: clientId, agent_secret: clientSecret } = await mcp.agent()
    const credentials = { clientId, clientSecret, expectedIssuer: mcp.issuer }
    const authProvider = kind === 'v1' ? new ProviderV1(credentials) : new ClientCredentialsProvider(credentials)
    const client = await mcp.client(kind, { authProvider })
    expect((await client.list()).map(({ name }) => name)).toContain('list_connections')
    expect(claimsOf(authProvider.tokens()?.access_token ?? '').aud).toBe(`${mcp.issuer}/mcp`)
  })

  test('gets in where the issuer has a path', async () => {
    const below = await startMcp('sqlite', {}, { path: '/auth' })
    try {
      const { agent_id: clientId, agent_secret: clientSecret } = await below.agent()
      for (const kind of CLIENTS) {
        const authProvider = new ClientCredentialsProvider({ clientId, clientSecret, expectedIssuer: below.issuer })
        const client = await below.client(kind, { authProvider })
        expect((await client.list()).map(({ name }) => name)).toContain('list_connections')
      }
      const challenge = (await below.post(PING)).headers.get('www-authenticate') ?? ''
      const url = `${new URL(below.issuer).origin}/.well-known/oauth-protected-resource/auth/mcp`
      expect(challenge).toContain(`resource_metadata="${url}"`)
      expect(await (await fetch(url)).json()).toMatchObject({ resource: `${below.issuer}/mcp` })
    } finally {
      await below.stop()
    }
  })
})

describe('a token for /mcp', () => {
  test('opens nothing else of ours', async () => {
    const { token } = await agentWithToken(`${mcp.issuer}/mcp`)
    const headers = { authorization: `Bearer ${token}` }
    expect((await mcp.post(PING, headers)).status).toBe(200)
    const guarded = mcp.app.routes.filter(
      ({ method, path }) => method !== 'ALL' && /^\/(v1|api\/(admin|agents|connections|me)|userinfo)/.test(path),
    )
    expect(guarded.length).toBeGreaterThan(20)
    for (const { method, path } of guarded) {
      const { status } = await mcp.request(path.replace(/:\w+|\*/g, 'x'), { method, headers })
      expect([method, path, status]).toEqual([method, path, 401])
    }
  })

  test('is for nobody beside: what another may show us is not given', async () => {
    for (const others of [['https://api.example/'], [mcp.issuer]]) {
      const { status, body } = await agentWithToken([`${mcp.issuer}/mcp`, ...others])
      expect([status, body.error]).toEqual([400, 'invalid_target'])
    }
    expect((await agentWithToken([mcp.issuer, 'https://api.example/'])).status).toBe(400)
    expect((await agentWithToken(['https://a.example/', 'https://b.example/'])).status).toBe(200)
  })
})

describe('an API key', () => {
  test('gets in with the scope connections', async () => {
    const person = await mcp.person({ name: 'Bob', email: 'bob@person.example' })
    for (const [scope, status] of [
      ['connections', 200],
      ['agent-fuel', 403],
    ] as const) {
      const key = await mcp.admin('POST', '/api-keys', { user_id: person.id, name: scope, scopes: [scope] })
      expect(key.status).toBe(201)
      const answer = await mcp.post(PING, { authorization: `Bearer ${key.body.api_key}` })
      expect([scope, answer.status]).toEqual([scope, status])
    }
  })
})

describe('a page in a browser', () => {
  test('calls if it is ours, or listed by the operator', async () => {
    const authorization = await mcp.authorization()
    for (const [origin, status] of [
      ['https://evil.example', 403],
      ['null', 403],
      [new URL(mcp.issuer).origin, 200],
      [APP, 200],
    ] as const)
      expect([origin, (await mcp.post(PING, { authorization, origin })).status]).toEqual([origin, status])
  })

  test('may read what it is answered if it is listed', async () => {
    const preflight = await fetch(mcp.url, {
      method: 'OPTIONS',
      headers: {
        origin: APP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, mcp-protocol-version',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-protocol-version')
    const answer = await mcp.post(PING, { authorization: await mcp.authorization(), origin: APP })
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP)
    const refused = await mcp.post(PING, { origin: APP })
    expect(refused.headers.get('access-control-allow-origin')).toBe(APP)
    expect(refused.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })
})

test('there are no sessions to listen to or to end', async () => {
  const headers = { authorization: await mcp.authorization(), accept: 'text/event-stream' }
  for (const method of ['GET', 'DELETE']) {
    const answer = await fetch(mcp.url, { method, headers })
    expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, 'POST'])
  }
})

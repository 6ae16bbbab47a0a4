import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAuthAgent, type MastraMiddlewareOptions, mastraMiddleware } from '@auth-agent/sdk/ai'
import { serve } from '@hono/node-server'
import { Agent } from '@mastra/core/agent'
import { Mastra } from '@mastra/core/mastra'
import { RequestContext } from '@mastra/core/request-context'
import { registerApiRoute } from '@mastra/core/server'
import { InMemoryStore } from '@mastra/core/storage'
import { type HonoBindings, type HonoVariables, MastraServer } from '@mastra/hono'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ListeningGateway, startListeningGateway, tells } from '../../server/test/listening-gateway.ts'
import { letIn, newApp } from '../../server/test/tenancy.ts'

const RESOURCE = 'https://mastra.example'
const VICTIM = 'user_victim'

let gateway: ListeningGateway
let apiKey: string
let person: string
/** Where the person's budget is; they are no member there, so that there is a role to be filled in. */
let membership: { organizationId: string; role: null }
beforeAll(async () => {
  process.env.MASTRA_TELEMETRY_DISABLED = '1'
  gateway = await startListeningGateway()
  const caller = await gateway.caller()
  apiKey = caller.apiKey
  person = caller.id
  membership = { organizationId: gateway.deps.orgId, role: null }
})
beforeEach(() => {
  gateway.upstream.answer = tells(() => ({ texts: ['Hello'] }))
})
afterEach(() => gateway.upstream.reset())
afterAll(() => gateway?.stop())

/** An agent whose model is what stands in the context; `contexts` are those that it was asked with. */
function speaker() {
  const contexts: Record<string, unknown>[] = []
  const authAgent = createAuthAgent({ baseURL: `${gateway.url}/v1`, apiKey })
  const agent = new Agent({
    id: 'speaker',
    name: 'Speaker',
    instructions: ({ requestContext }) => {
      contexts.push({ ...Object.fromEntries(requestContext.entries()), asJson: requestContext.toJSON() })
      return 'You speak.'
    },
    model: authAgent.fromContext({ default: 'acme/gpt-5' }),
  })
  return { agent, contexts }
}

/** A real server of Mastra on loopback, with our middleware or, to see what it is for, without. */
async function startMastra(options?: Partial<MastraMiddlewareOptions>) {
  const { agent, contexts } = speaker()
  const storage = new InMemoryStore()
  const mine = registerApiRoute('/mine', {
    method: 'POST',
    handler: async (c) => c.json({ context: c.get('requestContext').toJSON(), body: await c.req.json() }),
  })
  const mastra = new Mastra({
    agents: { speaker: agent },
    storage,
    logger: false,
    server: {
      ...(options && { middleware: [mastraMiddleware({ issuer: gateway.url, ...options })] }),
      apiRoutes: [mine],
    },
  })
  const app = new Hono<{ Bindings: HonoBindings; Variables: HonoVariables }>()
  await new MastraServer({ app, mastra }).init()
  const listening = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
  await once(listening, 'listening')
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const send = (path: string, init: RequestInit = {}, key: string | undefined = apiKey) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      ...init,
      headers: { ...(key && { authorization: `Bearer ${key}` }), ...init.headers },
    })
  const json = (path: string, body: unknown, key?: string) =>
    send(
      path,
      {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      },
      key,
    )
  return {
    contexts,
    storage,
    send,
    json,
    generate: (more: object = {}, key?: string) => json(GENERATE, { messages: MESSAGES, ...more }, key),
    stop() {
      listening.closeAllConnections()
      listening.close()
    },
  }
}

type MastraUnderTest = Awaited<ReturnType<typeof startMastra>>

const GENERATE = '/api/agents/speaker/generate'
const MESSAGES = [{ role: 'user', content: 'Hi' }]

describe('an agent of Mastra', () => {
  test('takes the model that stands in its RequestContext, and else the usual one', async () => {
    const { agent } = speaker()
    for (const model of ['claude/sonnet', undefined]) {
      const requestContext = new RequestContext()
      if (model) requestContext.set('model', model)
      expect((await agent.generate('Hi', { requestContext })).text).toBe('Hello')
    }
    expect(gateway.upstream.seen.map(({ body }) => body.model)).toEqual(['claude-sonnet-5', 'gpt-5'])
  })

  test('of before 1.0 does so by its RuntimeContext', () => {
    const pick = createAuthAgent({ baseURL: `${gateway.url}/v1`, apiKey }).fromContext({ default: 'acme/gpt-5' })
    expect(pick({ runtimeContext: new Map([['model', 'claude/sonnet']]) }).modelId).toBe('claude/sonnet')
    expect(pick({ runtimeContext: new Map() }).modelId).toBe('acme/gpt-5')
    expect(pick({}).modelId).toBe('acme/gpt-5')
    const other = createAuthAgent({ baseURL: `${gateway.url}/v1`, apiKey }).fromContext({ default: 'a/b', key: 'mine' })
    expect(other({ requestContext: new Map([['mine', 'claude/sonnet']]) }).modelId).toBe('claude/sonnet')
  })
})

describe('behind the middleware, a server of Mastra', () => {
  let mastra: MastraUnderTest
  beforeAll(async () => {
    const authAgent = createAuthAgent({ baseURL: `${gateway.url}/v1`, apiKey })
    const models = async () => (await authAgent.models()).map(({ id }) => id)
    mastra = await startMastra({ models, defaultModel: 'acme/gpt-5' })
  })
  beforeEach(() => {
    mastra.contexts.length = 0
  })
  afterAll(() => mastra?.stop())

  test('answers whoever has a key, and knows who it is', async () => {
    const answer = await mastra.generate()
    expect(await answer.json()).toMatchObject({ text: 'Hello' })
    const user = { id: person, email: expect.stringContaining('@'), name: 'Ada', agentId: null, clientId: null }
    expect(mastra.contexts[0]).toMatchObject({
      user,
      ...membership,
      model: 'acme/gpt-5',
      mastra__resourceId: person,
      mastra__user: user,
    })
  })

  test('knows organization and role of a member', async () => {
    const { apiKey, window } = await gateway.member()
    const { organization, role } = (await window.get('/api/me')).body
    expect((await mastra.generate({}, apiKey)).status).toBe(200)
    expect(mastra.contexts[0]).toMatchObject({ user: { id: window.id }, organizationId: organization.id, role })
    expect([organization.id, role]).toEqual([expect.stringMatching(/^org_/), 'admin'])
  })

  test('knows which app a key was given to, and nothing of where its person belongs', async () => {
    const { window } = await gateway.member()
    const app = await gateway.client({ ...newApp })
    const { access_token } = await letIn(gateway, window, app)
    expect((await mastra.generate({}, access_token)).status).toBe(200)
    expect(mastra.contexts[0]).toMatchObject({
      user: { id: window.id, clientId: app.client_id },
      organizationId: null,
      role: null,
    })
  })

  test.each([
    ['none', ''],
    ['an unknown key', 'sk-aa-v1-nobody'],
    ['a token of somebody', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyIn0.x'],
    ['the operator', 'admin-key-of-the-tests-0123456789'],
  ])('turns away who brings %s', async (_, key) => {
    const answer = await mastra.generate({ requestContext: { user: { id: person } } }, key)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
    expect(await answer.json()).toEqual({ error: expect.any(String), error_description: expect.any(String) })
    expect(mastra.contexts).toEqual([])
    expect(gateway.upstream.seen).toEqual([])
  })

  test('asks the model that a panel chose, if it may be chosen', async () => {
    const chosen = { requestContext: { model: 'claude/sonnet' } }
    expect((await mastra.generate(chosen)).status).toBe(200)
    expect(mastra.contexts[0]).toMatchObject({ model: 'claude/sonnet' })
    expect(gateway.upstream.seen.map(({ body }) => body.model)).toEqual(['claude-sonnet-5'])
    for (const model of ['acme/dear', '', 7, ['claude/sonnet'], { model: 'claude/sonnet' }]) {
      const answer = await mastra.generate({ requestContext: { model } })
      expect([model, answer.status]).toEqual([model, 400])
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' })
    }
    expect(gateway.upstream.seen).toHaveLength(1)
  })

  test('reads a body that has nothing to be taken out as it came', async () => {
    const body = `{"messages":[{"role":"user","content":"Hi"}],"big":12345678901234567890,"requestContext":{"locale":"de"}}`
    const answer = await mastra.json('/mine', body)
    const { context } = (await answer.json()) as { context: Record<string, unknown> }
    expect(context).toMatchObject({ locale: 'de', ...membership, user: { id: person } })
  })

  test('refuses a body that is nested without end', async () => {
    const deep = `{"messages":[],"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
    expect((await mastra.json(GENERATE, deep)).status).toBe(400)
  })

  const EVIL = {
    mastra__resourceId: VICTIM,
    mastra__threadId: `thread of ${VICTIM}`,
    mastra__authToken: `token of ${VICTIM}`,
    mastra__user: { id: VICTIM },
    mastra__userPermissions: ['*', VICTIM],
    mastra__userRoles: ['admin', VICTIM],
    mastra__isStudio: VICTIM,
    mastra__authMode: VICTIM,
    mastra__messageAuthor: { id: VICTIM },
    mastra__versions: { agents: { speaker: { versionId: VICTIM } } },
    mastra__inheritedMemory: { agentId: 'speaker', memory: VICTIM },
    mastra__ofTomorrow: VICTIM,
    user: { id: VICTIM, role: 'admin' },
    organizationId: VICTIM,
    role: 'admin',
    locale: 'de',
  }
  const evil = JSON.stringify(EVIL)
  // By hand: an object of JavaScript with such a key would have such a prototype.
  const prototypes = `{"__proto__":{"role":"admin","user":{"id":"${VICTIM}"}},"constructor":{"prototype":{"role":"admin"}},"role":"admin","locale":"de"}`
  const messages = JSON.stringify(MESSAGES)
  const form = (fields: Record<string, string>) => {
    const data = new FormData()
    for (const [name, value] of Object.entries(fields)) data.append(name, value)
    return { body: data }
  }
  const typed = (body: string, type = 'application/json') => ({ body, headers: { 'content-type': type } })
  const SIGNAL = '/api/agents/speaker/signals'
  const signal = { signal: { type: 'user-message', contents: 'Hi' }, resourceId: VICTIM, threadId: 'new' }

  const ATTACKS: [string, string, RequestInit][] = [
    ['the body', GENERATE, typed(`{"messages":${messages},"requestContext":${evil}}`)],
    [
      'the body, when it streams',
      '/api/agents/speaker/stream',
      typed(`{"messages":${messages},"requestContext":${evil}}`),
    ],
    ['names of prototypes', GENERATE, typed(`{"messages":${messages},"requestContext":${prototypes}}`)],
    [
      'a name written another way',
      GENERATE,
      typed(
        `{"messages":${messages},"\\u0072equestContext":{"r\\u006fle":"admin","mastra__\\u0075ser":{"id":"${VICTIM}"},"locale":"de"}}`,
      ),
    ],
    [
      'a name said twice',
      GENERATE,
      typed(`{"requestContext":{"locale":"fr"},"messages":${messages},"requestContext":${evil}}`),
    ],
    [
      'another type that reads as JSON',
      GENERATE,
      typed(`{"messages":${messages},"requestContext":${evil}}`, 'text/plain; x=application/json'),
    ],
    [
      'the query, too',
      `${GENERATE}?requestContext=${encodeURIComponent(evil)}`,
      typed(`{"messages":${messages},"requestContext":{"locale":"de"}}`),
    ],
    ['a field of a form', GENERATE, form({ messages, requestContext: evil })],
    [
      'the header of the studio',
      GENERATE,
      {
        ...typed(`{"messages":${messages},"requestContext":${evil}}`),
        headers: { 'content-type': 'application/json', 'x-mastra-client-type': 'studio' },
      },
    ],
    [
      'what Mastra reads later',
      SIGNAL,
      typed(JSON.stringify({ ...signal, ifIdle: { streamOptions: { requestContext: EVIL } } })),
    ],
    [
      'a field of a form that Mastra reads later',
      SIGNAL,
      form({
        signal: JSON.stringify(signal.signal),
        resourceId: VICTIM,
        threadId: 'other',
        ifIdle: JSON.stringify({ streamOptions: { requestContext: EVIL } }),
      }),
    ],
  ]

  test.each(ATTACKS)('believes nothing that a caller says of themselves by %s', async (way, path, init) => {
    const answer = await mastra.send(path, init)
    expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)])
    await expect.poll(() => mastra.contexts.length).toBeGreaterThan(0)
    for (const { asJson, ...context } of mastra.contexts) {
      for (const seen of [context, asJson]) {
        expect(seen).toMatchObject({
          user: { id: person },
          ...membership,
          model: 'acme/gpt-5',
          mastra__resourceId: person,
          mastra__user: { id: person },
        })
        expect(JSON.stringify(seen)).not.toMatch(/victim|admin/)
        expect(Object.getPrototypeOf(seen)).toBe(Object.prototype)
      }
      // What is nobody's business passes.
      if (!way.includes('form') || way === 'a field of a form that Mastra reads later')
        expect(context.locale ?? 'de').toBe('de')
    }
  })

  test.each([
    ['plain', encodeURIComponent(evil)],
    ['encoded', encodeURIComponent(btoa(evil))],
    ['with a prototype', encodeURIComponent(prototypes)],
  ])('lists only the threads of the person, whatever the query says (%s)', async (_, requestContext) => {
    const memory = await mastra.storage.getStore('memory')
    const now = new Date()
    for (const resourceId of [VICTIM, person])
      await memory?.saveThread({
        thread: {
          id: `thread of ${resourceId}`,
          resourceId,
          title: resourceId,
          createdAt: now,
          updatedAt: now,
          metadata: {},
        },
      })
    const query = `agentId=speaker&resourceId=${VICTIM}&requestContext=${requestContext}`
    const answer = await mastra.send(`/api/memory/threads?${query}`, { method: 'GET' })
    expect(answer.status).toBe(200)
    const { threads } = (await answer.json()) as { threads: { resourceId: string }[] }
    expect(threads.map(({ resourceId }) => resourceId)).toEqual([person])
  })
})

test('an agent comes in by a token for this server, for its person; a token for another, or a dead one, opens nothing', async () => {
  const client = await gateway.client({ resource_server: true, grant_types: ['client_credentials'] })
  let behind = 0
  const mastra = await startMastra({
    tokens: { clientId: client.client_id, clientSecret: client.client_secret, resource: RESOURCE },
    // That of the gateway under test stands still.
    now: () => gateway.deps.now() + behind,
  })
  try {
    const { agent_id, agent_secret } = await gateway.agent({ user_email: 'grace@example.com', user_name: 'Grace' })
    const authorization = `Basic ${btoa(`${agent_id}:${agent_secret}`)}`
    const tokenFor = async (resource: string) => {
      const grant = { grant_type: 'client_credentials', resource }
      return (await gateway.post('/token', grant, { authorization })).body.access_token as string
    }
    const token = await tokenFor(RESOURCE)
    expect((await mastra.generate({}, token)).status).toBe(200)
    const person = expect.stringMatching(/^user_/)
    expect(mastra.contexts[0]).toMatchObject({ user: { agentId: agent_id, id: person }, mastra__resourceId: person })
    for (const resource of ['https://other.example', gateway.deps.config.issuer])
      expect((await mastra.generate({}, await tokenFor(resource))).status).toBe(401)

    // It has an hour, and what is remembered of it has no more.
    behind = 3_599_000
    expect((await mastra.generate({}, token)).status).toBe(200)
    behind = 3_600_000
    expect((await mastra.generate({}, token)).status).toBe(401)
  } finally {
    mastra.stop()
  }
})

test('without the middleware each of this would be believed', async () => {
  const open = await startMastra()
  try {
    const body = { requestContext: { role: 'admin', user: { id: VICTIM }, mastra__versions: { agents: {} } } }
    expect((await open.generate(body)).status).toBe(200)
    expect(open.contexts[0]).toMatchObject(body.requestContext)
  } finally {
    open.stop()
  }
})

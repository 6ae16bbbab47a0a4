import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  type Answer,
  CALLBACK,
  type Credentials,
  claimsOf,
  DATABASES,
  ISSUER,
  locationOf,
  newPkce,
  type Person,
  startServer,
  type TestServer,
} from './harness.ts'

interface Step {
  step: string
  at: string
  reason?: string
}

describe.each(DATABASES)('the console, on %s', (kind) => {
  let server: TestServer
  let owner: Person
  let website: Credentials
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer(kind)
    owner = await server.person({ name: 'Ada', email: 'ada@example.com' })
    website = await made('/api/clients', { client_name: 'Shop', redirect_uris: [CALLBACK] })
    agent = await made('/api/agents', { agent_name: 'Shopper', same_browser: 'off' })
  })
  afterAll(() => server.stop())

  async function made(path: string, body: object, of = owner) {
    const answer = await of.send('POST', path, body)
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return answer.body
  }

  const steps = (answer: Answer) => answer.body.timeline.map(({ step }: Step) => step)
  const signIn = (requestId: string, of = owner) => of.get(`/api/sign-ins/${requestId}`)

  /** The events of a stream, as they come. */
  async function listen(of: Person) {
    const response = await server.app.request(`${ISSUER}/api/sign-ins/stream`, { headers: { cookie: of.cookies() } })
    expect(response.status).toBe(200)
    const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
    let buffer = ''
    return {
      /** The next event; undefined when the stream has ended. */
      async next(): Promise<{ event: string; data: Record<string, unknown> } | undefined> {
        for (;;) {
          const end = buffer.indexOf('\n\n')
          if (end >= 0) {
            const block = buffer.slice(0, end)
            buffer = buffer.slice(end + 2)
            const event = /^event: (.*)$/m.exec(block)?.[1]
            if (event) return { event, data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}') }
          }
          const { value, done } = await reader.read()
          if (done) return undefined
          buffer += value
        }
      },
      close: () => reader.cancel(),
    }
  }

  test('shows a sign-in step by step', async () => {
    const window = server.browser()
    const { requestId, pkce } = await window.open(website.client_id)
    expect((await signIn(requestId)).body).toMatchObject({
      status: 'pending',
      client_name: 'Shop',
      host: 'shop.example',
      agent_id: null,
      timeline: [{ step: 'opened' }],
    })
    server.wait(1)
    await server.authenticate(requestId, { ...agent, agent_secret: 'aas_wrong' })
    const failed = await signIn(requestId)
    expect(failed.body.failure).toEqual({ at: expect.any(String), reason: expect.stringContaining('secret') })
    expect(steps(failed)).toEqual(['opened', 'failed'])
    server.wait(1)
    await server.authenticate(requestId, agent)
    server.wait(1)
    const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
    server.wait(1)
    await server.exchange(website, { code, verifier: pkce.verifier })
    const done = await signIn(requestId)
    expect(steps(done)).toEqual(['opened', 'failed', 'authenticated', 'code', 'token'])
    expect(done.body).toMatchObject({ status: 'completed', agent_name: 'Shopper', model: 'gpt-5', acr: 'aa1' })
    const times = done.body.timeline.map(({ at }: Step) => Date.parse(at))
    expect(times).toEqual([...times].sort())
  })

  test('says why a policy refused, to both sides', async () => {
    const strict = await made('/api/agents', { allowed_clients: ['another'], same_browser: 'off' })
    const { requestId } = await server.browser().open(website.client_id)
    await server.authenticate(requestId, strict)
    expect((await signIn(requestId)).body.failure.reason).toBe('The agent may not sign in at this website')
  })

  test('an expired and an ended sign-in say so', async () => {
    const { requestId } = await server.browser().open(website.client_id)
    server.wait(601)
    const expired = await signIn(requestId)
    expect([expired.body.status, steps(expired)]).toEqual(['expired', ['opened', 'expired']])

    const code = await server.code(website, agent)
    await server.exchange(website, code)
    expect((await owner.send('POST', `/api/agents/${agent.agent_id}/revoke-all`)).body.revoked).toBeGreaterThan(0)
    const ended = await signIn(code.requestId)
    expect(ended.body.timeline.at(-1)).toMatchObject({ step: 'ended', reason: 'revoked_by_owner' })
  })

  test('lists by status, agent and website, page by page', async () => {
    const all: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await owner.get(`/api/sign-ins?limit=2${cursor && `&cursor=${cursor}`}`)
      all.push(...body.data.map(({ request_id }: { request_id: string }) => request_id))
      cursor = body.next_cursor
    }
    expect(all.length).toBeGreaterThan(3)
    expect(all).toEqual([...new Set(all)].sort().reverse())
    const count = async (query: string) => (await owner.get(`/api/sign-ins?${query}`)).body.data.length
    expect(await count('status=expired')).toBeGreaterThan(0)
    expect(await count(`agent_id=${agent.agent_id}&status=completed`)).toBe(2)
    expect(await count(`client_id=${website.client_id}`)).toBe(all.length)
    expect(await count('client_id=nothing')).toBe(0)
    expect((await owner.get('/api/sign-ins?status=sideways')).status).toBe(422)
  })

  test('moves as it happens', async () => {
    const stream = await listen(owner)
    expect(await stream.next()).toEqual({ event: 'ready', data: {} })
    const window = server.browser()
    const { requestId, pkce } = await window.open(website.client_id)
    const told: string[] = []
    const until = async (status: string) => {
      for (;;) {
        const next = await stream.next()
        if (next?.data.request_id === requestId) told.push(String(next.data.status))
        if (told.at(-1) === status) return
      }
    }
    await until('pending')
    await server.authenticate(requestId, agent)
    await until('authenticated')
    const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
    await server.exchange(website, { code, verifier: pkce.verifier })
    await until('completed')
    await stream.close()
  })

  test('a stream tells nothing of others, and ends with the session', async () => {
    const stranger = await server.person({ name: 'Eve', email: 'eve@example.com' })
    const stream = await listen(stranger)
    expect((await stream.next())?.event).toBe('ready')
    await server.tokens(website, agent)
    const own = await made('/api/agents', { agent_name: 'Other', same_browser: 'off' }, stranger)
    const { requestId } = await server.browser().open(website.client_id)
    await server.authenticate(requestId, own)
    expect((await stream.next())?.data).toMatchObject({ request_id: requestId, agent_name: 'Other' })
    await stranger.send('POST', '/api/auth/sign-out', {})
    await server.authenticate((await server.browser().open(website.client_id)).requestId, own)
    expect(await stream.next()).toBeUndefined()
  })

  test('both sides see a sign-in: the website’s organization and the agent’s', async () => {
    const other = await server.person({ name: 'Bob', email: 'bob@example.com' })
    const foreign = await made('/api/agents', { agent_name: 'Visitor', same_browser: 'off' }, other)
    const code = await server.code(website, foreign)
    expect((await signIn(code.requestId, owner)).status).toBe(200)
    expect((await signIn(code.requestId, other)).body).toMatchObject({ client_name: 'Shop', agent_name: 'Visitor' })
    const third = await server.person({ name: 'Cal', email: 'cal@example.com' })
    expect((await signIn(code.requestId, third)).status).toBe(404)
  })

  test('ends one sign-in, and the agent is out there at once', async () => {
    const { access_token, refresh_token } = await server.tokens(website, agent)
    const { data } = (await owner.get(`/api/tokens?agent_id=${agent.agent_id}`)).body
    const { sid } = claimsOf(access_token)
    const grant = data.find(({ grant_id }: { grant_id: string }) => grant_id === sid)
    expect(grant).toMatchObject({ client_name: 'Shop', agent_name: 'Shopper' })
    expect((await owner.send('DELETE', `/api/tokens/${grant.grant_id}`)).status).toBe(204)
    expect((await server.introspect(website, access_token)).body).toEqual({ active: false })
    expect((await server.refresh(website, refresh_token)).status).toBe(400)
    const stranger = await server.person({ name: 'Dan', email: 'dan@example.com' })
    expect((await stranger.send('DELETE', `/api/tokens/${grant.grant_id}`)).status).toBe(404)
  })

  test('the first steps turn green by themselves', async () => {
    const fresh = await server.person({ name: 'Fay', email: 'fay@example.com' })
    const checklist = async () => (await fresh.get('/api/overview')).body.checklist
    expect(await checklist()).toEqual({ email_verified: false, agent: false, application: false, sign_in: false })
    const own = await made('/api/agents', { same_browser: 'off' }, fresh)
    const site = await made('/api/clients', { client_name: 'Mine', redirect_uris: [CALLBACK] }, fresh)
    expect(await checklist()).toMatchObject({ agent: true, application: true, sign_in: false })
    await server.tokens(site, own)
    const { body } = await fresh.get('/api/overview')
    expect(body.checklist.sign_in).toBe(true)
    expect(body.counts).toEqual({ agents: 1, applications: 1, live_sign_ins: 1, pending_approvals: 0 })
    expect(body.days).toHaveLength(14)
    expect(body.days.at(-1)).toEqual({ date: '2026-06-01', signed_in: 1, failed: 0 })
  })

  test('tries an application out, and takes back what that gave', async () => {
    const pkce = newPkce()
    const begun = await owner.send('POST', `/api/clients/${website.client_id}/test-sign-in`, {
      code_challenge: pkce.challenge,
      state: 'try-1',
    })
    expect(begun.status).toBe(201)
    const window = server.browser()
    const page = await window.get(begun.body.authorize_url)
    const requestId = /req_[a-z0-9]+/.exec(page.text)?.[0] ?? ''
    await server.authenticate(requestId, agent)
    const back = locationOf(await window.get(`/authorize/resume?request_id=${requestId}`))
    expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([
      `${ISSUER}/console/test-sign-in`,
      'try-1',
    ])
    const exchange = { code: back.searchParams.get('code'), code_verifier: pkce.verifier }
    const path = `/api/clients/${website.client_id}/test-sign-in/exchange`
    const shown = await owner.send('POST', path, exchange)
    expect(shown.body).toMatchObject({ claims: { sub: agent.agent_id }, id_claims: { sub: agent.agent_id } })
    expect(shown.text).not.toContain('eyJ')
    expect((await signIn(requestId)).body.timeline.at(-1)).toMatchObject({ step: 'ended', reason: 'test_sign_in' })
    expect((await owner.send('POST', path, exchange)).status).toBe(400)

    const real = await server.code(website, agent)
    const stolen = await owner.send('POST', path, { code: real.code, code_verifier: real.verifier })
    expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant'])
    expect(claimsOf((await server.exchange(website, real)).body.access_token).sub).toBe(agent.agent_id)
  })

  test('says whether a redirect URI can be registered', async () => {
    const check = async (uri: string) =>
      (await owner.get(`/api/redirect-uri?redirect_uri=${encodeURIComponent(uri)}`)).body
    expect(await check('https://shop.example/callback')).toEqual({ valid: true })
    expect(await check('http://shop.example/callback')).toEqual({
      valid: false,
      reason: expect.stringContaining('https'),
    })
  })
})

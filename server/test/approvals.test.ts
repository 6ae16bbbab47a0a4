import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AgentCredentials,
  type Browser,
  type Credentials,
  claimsOf,
  DATABASES,
  locationOf,
  type Person,
  startServer,
  type TestServer,
} from './harness.ts'

const FRESH_S = 300

describe.each(DATABASES)('a person is asked, on %s', (kind) => {
  let server: TestServer
  let website: Credentials
  let owner: Person
  let agent: AgentCredentials
  beforeAll(async () => {
    server = await startServer(kind)
    website = await server.client({ client_name: 'Shop' })
    owner = await server.person({ name: 'Ada', email: 'ada@example.com' })
    agent = await newAgent({ agent_name: 'Shopper', approval: 'always', same_browser: 'off' })
  })
  afterAll(() => server.stop())

  async function newAgent(settings: object, of = owner): Promise<AgentCredentials> {
    const { status, body, text } = await of.send('POST', '/api/agents', settings)
    if (status !== 201) throw new Error(`${status} ${text}`)
    return body
  }

  /** An agent that has proved itself and waits. */
  async function waits(of = agent) {
    const window = server.browser()
    const { requestId, pkce } = await window.open(website.client_id)
    const answer = await server.authenticate(requestId, of, {}, { cookie: window.cookies() })
    expect(answer.body).toEqual({ success: true, status: 'approval_required' })
    return { window, requestId, pkce }
  }

  const status = async (window: Browser, requestId: string) =>
    (await window.get(`/api/check-status?request_id=${requestId}`)).body.status
  const pending = async (of = owner) => (await of.get('/api/approvals')).body.data
  const decide = (requestId: string, decision: string, of = owner) =>
    of.send('POST', `/api/approvals/${requestId}/${decision}`, {})

  test('in the queue and by mail, and the waiting page says so', async () => {
    const { window, requestId } = await waits()
    expect(await status(window, requestId)).toBe('approval_required')
    expect(await pending()).toEqual([
      expect.objectContaining({
        request_id: requestId,
        agent_name: 'Shopper',
        client_name: 'Shop',
        host: 'shop.example',
        model: 'gpt-5',
        status: 'pending',
      }),
    ])
    const page = await window.get(`/authorize/resume?request_id=${requestId}`)
    expect(page.text).toContain('Waiting for a person to approve')
    const { data } = (await server.admin('GET', '/dev-inbox?to=ada@example.com')).body
    const mail = data.find(({ text }: { text: string }) => text.includes(`/console/approvals?request_id=${requestId}`))
    expect(mail.text).toContain('Shopper')
    await decide(requestId, 'deny')
  })

  test('says yes: the page goes on, and the website gets its tokens', async () => {
    const { window, requestId, pkce } = await waits()
    const approved = await decide(requestId, 'approve')
    expect([approved.status, approved.body.status, approved.body.decided_by_name]).toEqual([200, 'approved', 'Ada'])
    const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
    const { body } = await server.exchange(website, { code, verifier: pkce.verifier })
    // The secret was all that was proved, so a person's word does not make it aa4.
    expect(claimsOf(body.access_token)).toMatchObject({ sub: agent.agent_id, acr: 'aa1' })
    expect((await decide(requestId, 'deny')).status).toBe(409)
  })

  test('says no: the website is told, and nothing else can come of it', async () => {
    const { window, requestId } = await waits()
    expect((await decide(requestId, 'deny')).body.status).toBe('denied')
    expect(await status(window, requestId)).toBe('denied')
    const back = locationOf(await window.get(`/authorize/resume?request_id=${requestId}`))
    expect(back.searchParams.get('error')).toBe('access_denied')
    const again = await server.authenticate(requestId, agent)
    expect([again.status, again.body.error]).toEqual([409, 'request_completed'])
    expect((await decide(requestId, 'approve')).status).toBe(409)
  })

  test('of two decisions at once, one counts', async () => {
    const { requestId } = await waits()
    const answers = await Promise.all([decide(requestId, 'approve'), decide(requestId, 'deny')])
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409])
  })

  test('the agent may ask again meanwhile; another agent may not', async () => {
    const { window, requestId } = await waits()
    const again = await server.authenticate(requestId, agent, {}, { cookie: window.cookies() })
    expect(again.body).toEqual({ success: true, status: 'approval_required' })
    const other = await newAgent({ same_browser: 'off' })
    expect((await server.authenticate(requestId, other)).status).toBe(409)
    await decide(requestId, 'deny')
  })

  test('a session that is not fresh does not decide', async () => {
    const { requestId } = await waits()
    server.wait(FRESH_S + 1)
    const stale = await decide(requestId, 'approve')
    expect([stale.status, stale.body.error]).toEqual([403, 'reauthentication_required'])
    const wrong = await owner.send('POST', '/api/me/reauthenticate', { password: 'not the password' })
    expect([wrong.status, Object.keys(wrong.body.fields)]).toEqual([422, ['password']])
    expect((await decide(requestId, 'approve')).status).toBe(403)
    const right = await owner.send('POST', '/api/me/reauthenticate', { password: owner.password })
    expect(right.status).toBe(200)
    expect((await decide(requestId, 'approve')).status).toBe(200)
  })

  test('too late is too late', async () => {
    const { requestId } = await waits()
    server.wait(601)
    await owner.send('POST', '/api/me/reauthenticate', { password: owner.password })
    expect((await decide(requestId, 'approve')).status).toBe(410)
    expect(await pending()).toEqual([])
    const decided = (await owner.get('/api/approvals?status=decided')).body.data
    expect(decided[0]).toMatchObject({ request_id: requestId, status: 'expired' })
  })

  test('it is nobody else’s business', async () => {
    const { requestId } = await waits()
    const stranger = await server.person({ name: 'Eve', email: 'eve@example.com' })
    expect(await pending(stranger)).toEqual([])
    for (const decision of ['approve', 'deny']) expect((await decide(requestId, decision, stranger)).status).toBe(404)
    const { api_key } = (await owner.send('POST', '/api/api-keys', { name: 'script', scopes: ['manage'] })).body
    const byKey = await server.postJson(
      `/api/approvals/${requestId}/approve`,
      {},
      { authorization: `Bearer ${api_key}` },
    )
    expect(byKey.status).toBe(403)
    await decide(requestId, 'deny')
  })

  test('the first time at a website only, where the owner wants it so', async () => {
    const careful = await newAgent({ approval: 'first_time', same_browser: 'off' })
    const { window, requestId, pkce } = await waits(careful)
    await decide(requestId, 'approve')
    const { code } = (await window.get(`/api/check-status?request_id=${requestId}`)).body
    await server.exchange(website, { code, verifier: pkce.verifier })
    const next = server.browser()
    const opened = await next.open(website.client_id)
    expect((await server.authenticate(opened.requestId, careful)).body.status).toBe('authenticated')
  })

  test('what was approved stays so, whatever comes after it', async () => {
    const { requestId } = await waits()
    await decide(requestId, 'approve')
    await owner.send('POST', `/api/agents/${agent.agent_id}/disable`)
    await owner.send('POST', `/api/agents/${agent.agent_id}/enable`)
    const { data } = (await owner.get('/api/approvals?status=decided')).body
    expect(data).toContainEqual(
      expect.objectContaining({ request_id: requestId, status: 'approved', decided_by_name: 'Ada' }),
    )
    const { body } = await owner.get(`/api/sign-ins/${requestId}`)
    expect(body.timeline.map(({ step }: { step: string }) => step)).toContain('approved')
  })

  test('a disabled agent waits no more', async () => {
    const { window, requestId } = await waits()
    await owner.send('POST', `/api/agents/${agent.agent_id}/disable`)
    expect(await status(window, requestId)).toBe('denied')
    expect((await decide(requestId, 'approve')).status).toBe(409)
    await owner.send('POST', `/api/agents/${agent.agent_id}/enable`)
  })

  test('a level that needs a person cannot be had by a secret', async () => {
    const strict = await server.client({ min_level: 4 })
    const { requestId } = await server.browser().open(strict.client_id)
    const refused = await server.authenticate(requestId, agent)
    expect([refused.status, refused.body.error]).toEqual([403, 'access_denied'])
  })
})

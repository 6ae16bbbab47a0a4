import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CALLBACK, claimsOf, DATABASES, headerOf, ISSUER, startServer, type TestServer } from './harness.ts'

describe.each(DATABASES)('a sign-in on %s', (database) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(database)
  })
  afterAll(() => server.stop())

  test('leads from the website to tokens that name agent, owner and model', async () => {
    const client = await server.client({ token_endpoint_auth_method: 'client_secret_post' })
    const agent = await server.agent({ agent_name: 'Shopper', same_browser: 'required' })
    const window = server.browser()
    const { page, pkce, requestId } = await window.open(client.client_id, { nonce: 'n-1' })
    expect(page.status).toBe(200)
    expect(page.text).toContain(`<title>Auth Agent: waiting for agent (${requestId})</title>`)

    const authenticated = await server.authenticate(requestId, agent, {}, { cookie: window.cookies() })
    expect(authenticated.body).toEqual({ success: true, status: 'authenticated' })

    const back = await window.get(`/authorize/resume?request_id=${requestId}`)
    expect(back.status).toBe(303)
    const location = new URL(back.headers.get('location') ?? '')
    expect(location.origin + location.pathname).toBe(CALLBACK)
    expect(location.searchParams.get('state')).toBe('state-1')
    expect(location.searchParams.get('iss')).toBe(ISSUER)

    const code = { code: location.searchParams.get('code') ?? '', verifier: pkce.verifier }
    const { status, body } = await server.exchange(client, code, { redirect_uri: CALLBACK })
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'openid profile email offline_access' })
    expect(headerOf(body.access_token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' })
    expect(claimsOf(body.access_token)).toMatchObject({
      iss: ISSUER,
      sub: agent.agent_id,
      aud: client.client_id,
      client_id: client.client_id,
      model: 'gpt-5',
      acr: 'aa1',
      act_for: { sub: agent.user_id, email: 'ada@example.com', name: 'Ada Lovelace' },
    })
    expect(claimsOf(body.id_token)).toMatchObject({
      aud: client.client_id,
      nonce: 'n-1',
      model: 'gpt-5',
      name: 'Shopper',
    })

    const userinfo = await server.request('/userinfo', { headers: { authorization: `Bearer ${body.access_token}` } })
    expect(userinfo.body).toMatchObject({
      sub: agent.agent_id,
      email: 'ada@example.com',
      email_verified: false,
      model: 'gpt-5',
    })
    expect((await server.introspect(client, body.access_token)).body).toMatchObject({
      active: true,
      agent_id: agent.agent_id,
    })
    const refreshed = await server.refresh(client, body.refresh_token)
    expect(refreshed.status).toBe(200)
    expect(refreshed.body.refresh_token).not.toBe(body.refresh_token)
  })
})

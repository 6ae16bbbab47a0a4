import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type HonoBindings, type HonoVariables, MastraServer } from '@mastra/hono'
import { Hono } from 'hono'
import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { embedSnippets, guides } from '../../docs/embed-snippets.ts'
import { signAssertion } from '../../docs/snippets/agent-assertion.ts'
import { launchBrowser } from '../../examples/agent/browser.ts'
import { operatorPrincipal } from '../src/accounts/admin-key.ts'
import { creditsOf } from '../src/accounts/credits.ts'
import { createAgent } from '../src/identity/agents.ts'
import { createClient } from '../src/identity/clients.ts'
import { startServer } from '../src/server.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, freshDatabase, startServer as startInProcess } from './harness.ts'
import { startListeningGateway } from './listening-gateway.ts'
import { startMcp } from './mcp-clients.ts'
import { PRICE } from './model-gateway.ts'
import { says, startModelUpstream } from './model-upstream.ts'

const ROOT = new URL('../../', import.meta.url)

describe('the guides', () => {
  test.each(guides())('%s shows the code that is run here', (guide) => {
    const markdown = readFileSync(new URL(guide, ROOT), 'utf8')
    expect(embedSnippets(markdown)).toBe(markdown)
  })

  test.each(guides())('%s links only to files that exist', (guide) => {
    const file = new URL(guide, ROOT)
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path)
    for (const link of links) expect(() => readFileSync(new URL(link, file))).not.toThrow()
  })
})

/** A program of the guides that runs beside a server, as its client. */
async function runBeside(snippet: string, settings: object) {
  const database = await freshDatabase('sqlite')
  const [port, websitePort] = [await freePort(), await freePort()]
  const server = await startServer({ PORT: String(port), DATABASE_URL: database.url, LOG_LEVEL: 'silent' })
  const callback = `http://localhost:${websitePort}/callback`
  const registration = { client_name: 'Guide', redirect_uris: [callback], ...settings }
  const client = await createClient(server.deps, registration, operatorPrincipal(server.deps))
  const program = spawn(process.execPath, [new URL(snippet, ROOT).pathname], {
    env: {
      ISSUER: server.deps.config.issuer,
      CALLBACK: callback,
      CLIENT_ID: client.client_id,
      CLIENT_SECRET: client.client_secret,
    },
    stdio: 'inherit',
  })
  const status = () =>
    fetch(callback).then(
      (answer) => answer.status,
      () => 0,
    )
  await expect.poll(status, { timeout: 20_000 }).toBe(400)
  return {
    server,
    home: new URL('/', callback).href,
    async stop() {
      program.kill()
      await once(program, 'exit')
      await server.close()
      await database.drop()
    },
  }
}

test('the website and the agent of the guides sign in together', async () => {
  const { server, home, stop } = await runBeside('docs/snippets/website.ts', {})
  const browser = await launchBrowser()
  try {
    const owner = { user_email: 'you@example.com', user_name: 'You' }
    const settings = { ...owner, agent_name: 'Shopper', same_browser: 'required' as const }
    const agent = await createAgent(server.deps, settings, operatorPrincipal(server.deps))
    process.env.ISSUER = server.deps.config.issuer
    process.env.AGENT_ID = agent.agent_id
    process.env.AGENT_SECRET = agent.agent_secret
    process.env.AGENT_MODEL = 'some-model'
    const { signIn } = await import('../../docs/snippets/agent.ts')

    const page = await browser.newPage()
    await page.goto(home)
    await page.getByRole('link', { name: 'Sign in with Auth Agent' }).click()
    await signIn(page)
    expect(await page.textContent('body')).toBe(`Hello Shopper (${agent.agent_id}), running on some-model`)
  } finally {
    await browser.close()
    await stop()
  }
})

test('the agent of the guides asks a model, and its owner pays', async () => {
  const upstream = await startModelUpstream()
  upstream.answer = says('Good morning, Ada')
  const PORT = String(await freePort())
  const env = { PORT, DATABASE_URL: 'sqlite::memory:', ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'silent' }
  const server = await startServer({ ...env, EGRESS_ALLOW: '127.0.0.1' })
  const { issuer } = server.deps.config
  const admin = async (method: string, path: string, body: object) => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
    const answer = await fetch(`${issuer}/api/admin${path}`, { method, headers, body: JSON.stringify(body) })
    return (await answer.json()) as Record<string, string>
  }
  try {
    await admin('POST', '/model-providers', {
      id: 'openai',
      kind: 'openai',
      base_url: `${upstream.origin}/v1`,
      api_key: 'sk-of-the-platform',
      models: [{ id: 'gpt-5', price: { input_per_mtok: 10, output_per_mtok: 100 } }],
    })
    const owner = { user_email: 'you@example.com', user_name: 'You' }
    const agent = await admin('POST', '/agents', { ...owner, agent_name: 'Thinker' })
    const { id = '' } = await admin('POST', '/users', { email: owner.user_email, name: owner.user_name })
    await admin('POST', `/users/${id}/credits`, { amount_cents: 100, reason: 'a try' })
    Object.assign(process.env, { ISSUER: issuer, MODEL: 'openai/gpt-5' })
    Object.assign(process.env, { AGENT_ID: agent.agent_id, AGENT_SECRET: agent.agent_secret })
    const { ask } = await import('../../docs/snippets/models.ts')
    let said = ''
    await ask('Who is there?', (text) => {
      said += text
    })
    expect(said).toBe('Good morning, Ada')
    await expect.poll(() => creditsOf(server.deps, id)).toBeLessThan(100)
  } finally {
    await server.close()
    await upstream.stop()
  }
})

test('the panel and the agent of the guides ask the model that was chosen', async () => {
  const gateway = await startListeningGateway()
  try {
    await gateway.addProvider({
      id: 'openai',
      kind: 'openai',
      base_url: `${gateway.upstream.origin}/v1`,
      api_key: 'sk-of-the-platform',
      models: ['gpt-5', 'gpt-5-mini'].map((id) => ({ id, price: PRICE })),
    })
    const { id, apiKey } = await gateway.caller()
    Object.assign(process.env, { ISSUER: gateway.url, API_KEY: apiKey, MASTRA_TELEMETRY_DISABLED: '1' })
    const asked = () => gateway.upstream.seen.map(({ body }) => body.model)

    const { ask, offered, selection } = await import('../../docs/snippets/models-ai-sdk.ts')
    expect((await offered()).map((model) => model.id)).toContain('openai/gpt-5-mini')
    let said = ''
    const onText = (text: string) => {
      said += text
    }
    expect(await ask('Who is there?', onText)).toMatchObject({ provider: 'openai', attempts: 1 })
    selection.choose({ provider: 'openai', model: 'gpt-5-mini' })
    await ask('And now?', onText)
    expect(said).toBe('Hello, worldHello, world')
    expect(asked()).toEqual(['gpt-5', 'gpt-5-mini'])

    const { mastra } = await import('../../docs/snippets/models-mastra.ts')
    const app = new Hono<{ Bindings: HonoBindings; Variables: HonoVariables }>()
    await new MastraServer({ app, mastra }).init()
    const answer = await app.request('/api/agents/helper/generate', {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [{ role: 'user', content: 'Hi' }],
        requestContext: { model: 'openai/gpt-5-mini', user: { email: 'mallory@example.com' } },
      }),
    })
    expect(await answer.json()).toMatchObject({ text: 'Hello, world' })
    expect(asked()[2]).toBe('gpt-5-mini')
    const { email } = (await gateway.admin('GET', `/users?limit=100`)).body.data.find(
      (user: { id: string }) => user.id === id,
    )
    expect(gateway.upstream.seen[2]?.body.messages[0].content).toBe(`You help ${email}.`)
  } finally {
    await gateway.stop()
  }
})

test('a new person signs up for the app of the guides, approves it, and is straight through the next time', async () => {
  const { home, stop } = await runBeside('docs/snippets/app.ts', {
    subjects: ['user'],
    access_token_format: 'api_key',
    promotional_credits: 500,
  })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    const begin = async () => {
      await page.goto(home)
      await page.getByRole('link', { name: 'Sign in with Auth Agent' }).click()
    }
    await begin()
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('Your name').fill('Ada')
    await page.getByLabel('Email').fill('ada@example.com')
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
    await page.getByRole('button', { name: 'Create account' }).click()
    await page.getByRole('button', { name: 'Approve', exact: true }).click()
    await page.getByText('Hello ada@example.com, you have 500 cents').waitFor()
    await begin()
    await page.getByText('Hello ada@example.com, you have 500 cents').waitFor()
  } finally {
    await browser.close()
    await stop()
  }
})

test('the agent of the guides calls a provider by its tools, once its person has consented', async () => {
  const server = await startMcp()
  const write = vi.spyOn(process.stdout, 'write')
  try {
    const agent = await server.agent()
    process.env.ISSUER = server.issuer
    process.env.AGENT_ID = agent.agent_id
    process.env.AGENT_SECRET = agent.agent_secret
    const { connectTools } = await import('../../docs/snippets/mcp.ts')

    const client = await connectTools()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('acme_request')
    const answer = client.callTool({ name: 'acme_request', arguments: { path: '/items' } })
    const shown = () => write.mock.calls.flatMap(([text]) => /http\S+authorize\S+/.exec(String(text)) ?? [])
    await expect.poll(shown).toHaveLength(1)
    await server.consent(shown()[0] ?? '')
    expect(await answer).toMatchObject({ isError: false, structuredContent: { status: 200 } })
    await client.close()
  } finally {
    write.mockRestore()
    await server.stop()
  }
})

test('the assertion of the guides reaches aa3 in the browser that asked', async () => {
  const server = await startInProcess()
  try {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const client = await server.client({ min_level: 3 })
    const agent = await server.agent({ jwk: await exportJWK(publicKey) })
    // The clock of the test server stands still, that of the assertion does not.
    server.wait((Date.now() - server.deps.now()) / 1000)
    const window = server.browser()
    const { page, requestId } = await window.open(client.client_id)
    const shown = JSON.parse(/id="auth-agent-request"[^>]*>(.*?)<\/script>/s.exec(page.text)?.[1] ?? '')
    const assertion = await signAssertion(shown, agent.agent_id, await exportJWK(privateKey))
    const answer = await window.postJson('/api/agent/authenticate', {
      request_id: requestId,
      agent_id: agent.agent_id,
      agent_assertion: assertion,
      model: 'some-model',
    })
    expect(answer.body).toEqual({ success: true, status: 'authenticated' })
  } finally {
    await server.stop()
  }
})

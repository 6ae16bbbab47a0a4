import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import axe from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../examples/agent/browser.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, freshDatabase } from './harness.ts'

const PASSWORD = 'correct horse battery'

let database: Awaited<ReturnType<typeof freshDatabase>>
let server: RunningServer
let issuer: string
let browser: Browser
/** A website of which there is only the page to which browsers come back. */
let shop: Server
let callback: string
let arrived: (at: URL) => void
/** The owner's browser, and what it complained of: a Content-Security-Policy that is hurt, a script that failed. */
let owner: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  database = await freshDatabase('sqlite')
  const PORT = String(await freePort())
  const env = { PORT, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'silent' }
  server = await startServer(env)
  issuer = server.deps.config.issuer
  const shopPort = await freePort()
  callback = `http://127.0.0.1:${shopPort}/callback`
  shop = createServer((request, response) => {
    response.setHeader('content-type', 'text/html').end('<title>Shop</title><h1>Shop</h1>')
    const at = new URL(request.url ?? '/', callback)
    if (at.pathname === '/callback') arrived(at)
  }).listen(shopPort, '127.0.0.1')
  browser = await launchBrowser()
  owner = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  owner.setDefaultTimeout(30_000)
  page = await owner.newPage()
  page.on('console', (message) => {
    // A call that is refused is an answer, and each test says which it expects.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
})
afterAll(async () => {
  await browser.close()
  shop.closeAllConnections()
  shop.close()
  await server.close()
  await database.drop()
})

const goTo = (screen: string) =>
  page.getByRole('navigation').getByRole('link', { name: screen, exact: false }).first().click()
const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name })

async function signUp(at: Page, name: string, email: string) {
  await at.goto(`${issuer}/console/sign-up`)
  await at.getByLabel('Your name').fill(name)
  await at.getByLabel('Email').fill(email)
  await at.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await at.getByRole('button', { name: 'Create account' }).click()
}

/** What a dialog shows once, by its label. */
async function shown(label: string): Promise<string> {
  const entry = page.getByRole('dialog').locator('dl > div').filter({ hasText: label }).first()
  return (await entry.locator('code').first().textContent())?.trim() ?? ''
}

async function confirmSaved() {
  const dialog = page.getByRole('dialog')
  const done = dialog.getByRole('button', { name: 'Done' })
  await expect.poll(() => done.isDisabled()).toBe(true)
  await page.keyboard.press('Escape')
  expect(await dialog.isVisible()).toBe(true)
  await dialog.getByLabel('I saved it in a safe place').click()
  await done.click()
}

/** An agent with a browser of its own, at a website that only has a server. */
async function agentAt(client: { id: string; secret: string }, agent: { id: string; secret: string }) {
  const context = await browser.newContext()
  const tab = await context.newPage()
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: callback,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  await tab.goto(`${issuer}/authorize?${query}`)
  const requestId = (await tab.title()).match(/req_[a-z0-9]+/)?.[0] ?? ''
  const back = new Promise<URL>((resolve) => {
    arrived = resolve
  })
  return {
    requestId,
    /** With the cookies of the agent's own browser, as an agent that drives it sends them. */
    async prove() {
      const data = { request_id: requestId, agent_id: agent.id, agent_secret: agent.secret, model: 'claude-sonnet-4-5' }
      return (await context.request.post(`${issuer}/api/agent/authenticate`, { data })).json()
    },
    async tokens(): Promise<{ access_token: string }> {
      const code = (await back).searchParams.get('code') ?? ''
      const form = { grant_type: 'authorization_code', code, code_verifier: verifier }
      const answer = await post('/token', { ...form, client_id: client.id, client_secret: client.secret })
      return (await answer.json()) as { access_token: string }
    },
    close: () => context.close(),
  }
}

const post = (path: string, form: Record<string, string>) =>
  fetch(`${issuer}${path}`, { method: 'POST', body: new URLSearchParams(form) })

const website = { id: '', secret: '' }
const shopper = { id: '', secret: '' }
let connectionId = ''

test('who is not signed in is asked, and comes to where they wanted to go', async () => {
  await page.goto(`${issuer}/console/agents`)
  await page.waitForURL(/\/console\/sign-in\?continue=/)
  await signUp(page, 'Ada Lovelace', 'ada@example.com')
  await heading('Overview').waitFor()
  expect((await page.getByText('1 of 4 done').count()) + (await page.getByText('0 of 4 done').count())).toBe(1)
})

test('the plus makes an agent, whose secret is shown once', async () => {
  await goTo('Agents')
  await page.getByText('No agents yet').waitFor()
  await page.getByRole('button', { name: 'New agent' }).first().click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Shopper')
  await page.getByRole('button', { name: 'Create agent' }).dblclick()
  await page.getByRole('dialog').getByText('Your agent is ready').waitFor()
  shopper.id = await shown('Agent id')
  shopper.secret = await shown('Agent secret')
  expect(shopper).toEqual({ id: expect.stringMatching(/^agent_/), secret: expect.stringMatching(/^aas_/) })
  await confirmSaved()
  await heading('Shopper').waitFor()
  expect(await page.content()).not.toContain(shopper.secret)
  // The double click made one.
  const { data } = await (await owner.request.get(`${issuer}/api/agents`)).json()
  expect(data).toHaveLength(1)
})

test('a website is registered, its redirect URI checked while it is typed', async () => {
  await goTo('Applications')
  await page.getByRole('button', { name: 'Register application' }).first().click()
  await page.getByRole('textbox', { name: 'Name' }).fill('Shop')
  const uri = page.getByRole('textbox', { name: 'Redirect URI 1' })
  await uri.fill('http://shop.example/callback')
  await page.getByText(/must use https/).waitFor()
  await uri.fill(callback)
  await page.getByText(/must use https/).waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Register', exact: true }).click()
  await page.getByRole('dialog').getByText('Your application is registered').waitFor()
  website.id = await shown('Client id')
  website.secret = await shown('Client secret')
  expect(website).toEqual({ id: expect.stringMatching(/^client_/), secret: expect.stringMatching(/^acs_/) })
  await confirmSaved()
  await heading('Shop').waitFor()
})

test('an agent signs in and the live view moves; stopped, it is out within a second', async () => {
  await goTo('Sign-ins')
  await heading(/Sign-ins/).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  const agent = await agentAt(website, shopper)
  const row = page.getByRole('row').filter({ hasText: new URL(callback).host })
  await row.getByText('Waiting').waitFor()
  expect(await agent.prove()).toEqual({ success: true, status: 'authenticated' })
  const { access_token } = await agent.tokens()
  await row.getByText('Signed in').waitFor()
  await row.getByText('Shopper').waitFor()
  await row.getByRole('link').first().click()
  for (const step of ['Opened', 'Authenticated', 'Code', 'Token'])
    await page.getByText(new RegExp(step, 'i')).first().waitFor()
  await page.keyboard.press('Escape')

  const introspect = async () => {
    const form = { token: access_token, client_id: website.id, client_secret: website.secret }
    return ((await (await post('/introspect', form)).json()) as { active: boolean }).active
  }
  expect(await introspect()).toBe(true)
  await goTo('Agents')
  await page.getByRole('link', { name: 'Shopper' }).first().click()
  await page.getByRole('tab', { name: 'Danger zone' }).click()
  await page.getByRole('button', { name: 'End all' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'End all sign-ins' }).click()
  await page.getByText('One sign-in is over').first().waitFor()
  await expect.poll(introspect, { timeout: 10_000, interval: 50 }).toBe(false)
  await agent.close()
})

test('the first steps have turned green', async () => {
  await goTo('Overview')
  await page.getByText('3 of 4 done').waitFor()
  const headers = { 'x-api-key': ADMIN_KEY }
  const inbox = await owner.request.get(`${issuer}/api/admin/dev-inbox?to=ada@example.com`, { headers })
  const mail = await owner.newPage()
  await mail.goto((await inbox.json()).data[0].links[0])
  await mail.close()
  await page.bringToFront()
  await page.reload()
  await heading('Overview').waitFor()
  await page.getByText('3 of 4 done').waitFor({ state: 'detached' })
})

test('an agent waits for a person, who says yes with their password', async () => {
  await owner.request.put(`${issuer}/api/agents/${shopper.id}`, { data: { approval: 'always' } })
  const agent = await agentAt(website, shopper)
  expect(await agent.prove()).toEqual({ success: true, status: 'approval_required' })
  // The session is not fresh any more: as after a while.
  await server.deps.db.write(({ trx }) => trx.updateTable('session').set({ authenticated_at: 0 }).execute())
  await goTo('Approvals')
  await page
    .getByRole('button', { name: /^Approve/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await dialog.getByRole('button', { name: 'Confirm', exact: true }).click()
  expect((await agent.tokens()).access_token).toMatch(/^ey/)
  await agent.close()
  await owner.request.put(`${issuer}/api/agents/${shopper.id}`, { data: { approval: 'never' } })
})

test('what is typed outlives a lost connection, and is sent once', async () => {
  await goTo('API keys')
  await page
    .getByRole('button', { name: /New API key|Create/ })
    .first()
    .click()
  await page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).fill('Nightly job')
  await owner.setOffline(true)
  const create = page.getByRole('dialog').getByRole('button', { name: /Create|Make/ })
  await create.click()
  await page
    .getByText(/connection/i)
    .first()
    .waitFor()
  await expect
    .poll(() => page.getByRole('dialog').getByRole('textbox', { name: 'Name' }).inputValue())
    .toBe('Nightly job')
  await owner.setOffline(false)
  await create.click()
  await page
    .getByRole('dialog')
    .getByText(/^sk-aa-v1-/)
    .first()
    .waitFor()
  await confirmSaved()
  const { data } = await (await owner.request.get(`${issuer}/api/api-keys`)).json()
  expect(data).toHaveLength(1)
})

test('an account is connected by a key, which is never shown again, and one agent may read from it', async () => {
  await goTo('Connections')
  await page.getByText('No connections yet').waitFor()
  await page.getByRole('button', { name: 'Connect an account' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByPlaceholder('Search providers').fill('openai')
  await page.keyboard.press('Enter')
  await dialog.getByLabel('API key').fill('sk-canary-of-the-console')
  await dialog.getByLabel(/^Name/).fill('Production')
  await dialog.getByRole('button', { name: 'Connect', exact: true }).dblclick()
  await page.getByText('OpenAI (Production) is connected').waitFor()
  await expect.poll(() => page.getByRole('row').filter({ hasText: 'OpenAI' }).count()).toBe(1)

  await page.getByRole('link', { name: 'Choose who may use it' }).click()
  await heading('OpenAI').waitFor()
  connectionId = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  await page.getByRole('button', { name: 'Let an agent use it' }).click()
  await dialog.getByLabel('Agent', { exact: true }).click()
  await page.getByRole('option', { name: 'Shopper' }).click()
  await dialog.getByLabel(/^Only paths below/).fill('/models')
  await dialog.getByRole('button', { name: 'Let it use this' }).click()
  await page.getByRole('row').filter({ hasText: 'Shopper' }).getByText('reading only').waitFor()
  const { data } = await (await owner.request.get(`${issuer}/api/connection-grants`)).json()
  expect(data).toMatchObject([{ agent_id: shopper.id, path_prefix: '/models', raw_token: false }])
  expect(await page.content()).not.toContain('sk-canary')
})

test('the operator sets a provider up and removes it; its secret goes in and never comes out', async () => {
  await goTo('Providers')
  await page.getByRole('button', { name: 'Set up GitHub', exact: true }).click()
  const sheet = page.getByRole('dialog')
  await sheet.getByText(`${issuer}/auth/callback/github`).waitFor()
  await sheet.getByLabel('Client id').fill('Iv1.console')
  await sheet.getByLabel('Client secret', { exact: true }).fill('secret-canary-of-the-console')
  await sheet.getByRole('button', { name: 'Set up' }).click()
  await page.getByRole('button', { name: 'Change GitHub' }).click()
  await sheet.getByLabel('New client secret').waitFor()
  expect(await page.content()).not.toContain('secret-canary')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Remove GitHub' }).click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Remove provider' }).click()
  await page.getByRole('button', { name: 'Set up GitHub', exact: true }).waitFor()
})

test('a member who is removed is told so, in the page that they have open', async () => {
  const guest = await browser.newContext()
  const theirs = await guest.newPage()
  await signUp(theirs, 'Grace', 'grace@example.com')
  await theirs.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  const invited = await owner.request.post(`${issuer}/api/invitations`, {
    data: { email: 'grace@example.com', role: 'member' },
  })
  await theirs.goto((await invited.json()).link)
  await theirs.getByRole('button', { name: /Accept|Join/ }).click()
  await theirs.getByText('My organization').first().waitFor()
  const { id } = (await (await guest.request.get(`${issuer}/api/me`)).json()).user
  expect((await owner.request.delete(`${issuer}/api/members/${id}`)).status()).toBe(204)
  await theirs.getByRole('navigation').getByRole('link', { name: 'Agents' }).click()
  await theirs.getByText('Grace’s organization').first().waitFor()
  await guest.close()
})

test('signed out in one tab is signed out in the other', async () => {
  const second = await owner.newPage()
  await second.goto(`${issuer}/console/agents`)
  await second.getByRole('heading', { level: 1, name: 'Agents' }).waitFor()
  await owner.request.post(`${issuer}/api/auth/sign-out`, { data: {}, headers: { origin: issuer } })
  await second.getByRole('navigation').getByRole('link', { name: 'Audit' }).click()
  await second
    .getByText(/signed out/i)
    .first()
    .waitFor()
  await second.close()
  await page.goto(`${issuer}/console/sign-in`)
  await page.getByLabel('Email').fill('ada@example.com')
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await heading('Overview').waitFor()
})

describe('every screen', { timeout: 120_000 }, () => {
  const SCREENS = [
    '',
    '/agents',
    '/agents/AGENT',
    '/agents/AGENT?tab=policy',
    '/agents/AGENT?tab=secrets',
    '/agents/AGENT?tab=danger',
    '/applications',
    '/applications/CLIENT',
    '/applications/CLIENT?tab=settings',
    '/applications/CLIENT?tab=credentials',
    '/sign-ins',
    '/approvals',
    '/connections',
    '/connections?status=error&error=access_denied',
    '/connections/CONNECTION',
    '/mcp-servers',
    '/providers',
    '/api-keys',
    '/apps',
    '/audit',
    '/organization',
    '/settings',
    '/nothing-here',
    '/sign-in',
    '/sign-up',
    '/forgot-password',
  ]

  const addressOf = (screen: string) => {
    const path = screen.replace('AGENT', shopper.id).replace('CLIENT', website.id).replace('CONNECTION', connectionId)
    return `${issuer}/console${path}`
  }

  test.each(['light', 'dark'] as const)('can be used by everybody, in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const screen of SCREENS) {
      await page.goto(addressOf(screen))
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
      const faults = await page.evaluate(`(async () => {
        ${axe.source}
        const { violations } = await axe.run(document, { resultTypes: ['violations'] })
        return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))
      })()`)
      expect([screen, faults]).toEqual([screen, []])
    }
  })

  test('fits a phone', async () => {
    await page.setViewportSize({ width: 360, height: 740 })
    for (const screen of SCREENS) {
      await page.goto(addressOf(screen))
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
      const width = await page.evaluate('document.documentElement.scrollWidth')
      expect([screen, width]).toEqual([screen, 360])
    }
    await page.setViewportSize({ width: 1280, height: 900 })
  })

  test('has hurt no policy and thrown no error', () => {
    expect(complaints).toEqual([])
  })
})

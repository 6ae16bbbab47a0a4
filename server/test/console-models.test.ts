import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../examples/agent/browser.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { accessFaults, goTo, openPage, openWindow, picture, signUpAt } from './console-window.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, freshDatabase } from './harness.ts'
import { PRICE } from './model-gateway.ts'
import {
  chunk,
  type ModelUpstream,
  says,
  sendEvent,
  sendJson,
  startEvents,
  startModelUpstream,
} from './model-upstream.ts'

const PLATFORM_KEY = 'sk-platform-canary-0123456789'
const OWN_KEY = 'sk-own-canary-of-grace-4f2a'

let database: Awaited<ReturnType<typeof freshDatabase>>
let server: RunningServer
let upstream: ModelUpstream
let issuer: string
let browser: Browser
/** Whoever runs the server; and somebody who only uses it. */
let operator: BrowserContext
let person: BrowserContext
let admin: Page
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  database = await freshDatabase('sqlite')
  upstream = await startModelUpstream()
  const PORT = String(await freePort())
  const env = { PORT, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'silent' }
  server = await startServer({ ...env, EGRESS_ALLOW: '127.0.0.1' })
  issuer = server.deps.config.issuer
  browser = await launchBrowser()
  operator = await openWindow(browser)
  person = await openWindow(browser)
  admin = await openPage(operator, complaints)
  page = await openPage(person, complaints)
})
afterEach(() => upstream.reset())
afterAll(async () => {
  await browser.close()
  await server.close()
  await upstream.stop()
  await database.drop()
})

const signUp = (at: Page, name: string, email: string) => signUpAt(at, issuer, { name, email })
const choose = async (at: Page, label: string, option: string | RegExp) => {
  await at.getByRole('combobox', { name: label, exact: true }).click()
  await at.getByRole('option', { name: option }).click()
}
const log = () => page.getByRole('log', { name: 'Conversation' })
const message = () => page.getByLabel('Message', { exact: true })
const ask = async (text: string) => {
  await message().fill(text)
  await page.keyboard.press('Enter')
}

test('whoever runs the server adds a provider; its key goes in and never comes out', async () => {
  await signUp(admin, 'Ada Lovelace', 'ada@example.com')
  await goTo(admin, 'Models')
  await admin.getByText('No provider of models yet').waitFor()
  await admin.getByRole('button', { name: 'Add provider' }).first().click()
  const sheet = admin.getByRole('dialog')
  await sheet.getByRole('textbox', { name: 'Name', exact: true }).fill('acme')
  await choose(admin, 'Kind', 'OpenAI-compatible')
  await sheet.getByLabel(/^Address/).fill('http://10.0.0.1/v1')
  await sheet.getByRole('textbox', { name: /^API key/ }).fill(PLATFORM_KEY)
  await sheet.getByLabel('Name, model 1').fill('gpt-5')
  await sheet.getByLabel('$ per million tokens in, model 1').fill(String(PRICE.input_per_mtok))
  await sheet.getByLabel('$ per million tokens out, model 1').fill(String(PRICE.output_per_mtok))
  await sheet.getByRole('button', { name: 'Add a model' }).click()
  await sheet.getByLabel('Name, model 2').fill('small')
  await sheet.getByLabel('Name at the provider, if another, model 2').fill('small-upstream')
  await sheet.getByRole('button', { name: 'Add provider' }).click()
  // What is wrong is said where it is wrong, and nothing that was typed is lost.
  await sheet.getByText(/must be an https URL|not called from here/).waitFor()
  await sheet.getByLabel(/^Address/).fill(`${upstream.origin}/v1`)
  await sheet.getByRole('button', { name: 'Add provider' }).dblclick()
  await sheet.waitFor({ state: 'detached' })
  const row = admin.getByRole('row').filter({ hasText: 'acme' })
  await row.getByText('Serving').waitFor()
  await row.getByText('Server’s').waitFor()
  expect(await admin.content()).not.toContain(PLATFORM_KEY)

  await admin.getByRole('button', { name: 'Change acme' }).click()
  await sheet.getByText('One is kept, encrypted, and is not shown.').waitFor()
  await sheet.getByRole('button', { name: 'Add a model' }).click()
  await sheet.getByLabel('Name, model 3').fill('embed-*')
  await sheet.getByLabel(/^Wait for the first byte/).fill('20')
  await sheet.getByRole('button', { name: 'Save' }).click()
  await row.getByText('embed-*').waitFor()
  const kept = await operator.request.get(`${issuer}/api/admin/model-providers/acme`)
  expect(await kept.json()).toMatchObject({
    credentials: ['api_key'],
    timeout_ms: 20_000,
    models: [{ id: 'gpt-5', price: PRICE }, { id: 'small', upstream_model: 'small-upstream' }, { id: 'embed-*' }],
  })
  await admin.getByRole('button', { name: 'Change acme' }).click()
  await sheet.getByRole('button', { name: 'Remove model 3' }).click()
  await sheet.getByRole('button', { name: 'Save' }).click()
  await row.getByText('embed-*').waitFor({ state: 'detached' })
})

test('a provider that is switched off serves nobody, and keeps its key', async () => {
  const toggle = admin.getByRole('switch', { name: 'acme serves' })
  await toggle.click()
  await admin.getByRole('row').filter({ hasText: 'acme' }).getByText('Switched off').waitFor()
  await signUp(page, 'Grace Hopper', 'grace@example.com')
  await goTo(page, 'Playground')
  await page.getByText('No model to talk to yet').waitFor()
  await toggle.click()
  await admin.getByRole('row').filter({ hasText: 'acme' }).getByText('Serving').waitFor()
  await page.reload()
  await message().waitFor()
})

test('a person without credits is told so before and after they ask', async () => {
  await page.getByText('No credits left').waitFor()
  await ask('Hi')
  await log().getByRole('alert').waitFor()
  await expect.poll(() => log().getByRole('alert').textContent()).toMatch(/credits/i)
  const { id } = (await (await person.request.get(`${issuer}/api/me`)).json()).user
  const credited = await fetch(`${issuer}/api/admin/users/${id}/credits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ amount_cents: 1000, reason: 'test' }),
  })
  expect(credited.status).toBe(201)
  await log().getByRole('button', { name: 'Ask again' }).click()
  await log().getByText('Hello, world').waitFor()
  await log().getByText('Cost $0.00042').waitFor()
  await log().getByText('12 tokens in, 3 out').waitFor()
})

test('the answer comes as it is written, and what the settings say counts from the next message on', async () => {
  await page.getByLabel(/^System prompt/).fill('Be brief.')
  await page.getByLabel('Temperature').fill('0.5')
  await page.getByLabel('Max tokens').fill('50')
  let finish = () => {}
  upstream.answer = async (_call, response) => {
    startEvents(response)
    sendEvent(response, chunk({ role: 'assistant', content: 'Once ' }))
    await new Promise<void>((resolve) => {
      finish = resolve
    })
    return says('upon a time')(
      { path: '', headers: {}, body: { stream: true } },
      Object.assign(response, { writeHead: () => response }),
    )
  }
  await message().fill('A story')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('please')
  await page.keyboard.press('Enter')
  await log().getByText('Once', { exact: false }).waitFor()
  await expect.poll(() => log().getByText('upon a time').count()).toBe(0)
  await expect.poll(() => log().getAttribute('aria-busy')).toBe('true')
  finish()
  await log().getByText('Once upon a time').waitFor()
  await page.getByRole('button', { name: 'Send' }).waitFor()
  expect(upstream.seen[0]?.headers.authorization).toBe(`Bearer ${PLATFORM_KEY}`)
  expect(upstream.seen[0]?.body).toMatchObject({
    model: 'gpt-5',
    temperature: 0.5,
    max_tokens: 50,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello, world' },
      { role: 'user', content: 'A story\nplease' },
    ],
  })
})

test('an answer that is stopped ends at the provider, and what came of it is paid', async () => {
  upstream.answer = (_call, response) => {
    startEvents(response)
    sendEvent(response, chunk({ role: 'assistant', content: 'For ever ' }))
  }
  await ask('Go on')
  await log().getByText('For ever').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await log().getByText('You stopped it.').waitFor()
  await expect.poll(() => upstream.closed).toBe(1)
  await log()
    .getByText(/about \d+ tokens in/)
    .nth(1)
    .waitFor()
  expect(await message().evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true)
})

test('an answer that breaks off says why, and keeps what came', async () => {
  upstream.answer = (_call, response) => {
    startEvents(response)
    sendEvent(response, chunk({ role: 'assistant', content: 'Halfway' }))
    setTimeout(() => response.destroy(), 200)
  }
  await ask('And then')
  await log().getByText('Halfway').waitFor()
  await log().getByRole('alert').waitFor()
  upstream.answer = says('All ', 'of it')
  await log().getByRole('button', { name: 'Ask again' }).click()
  await log().getByText('All of it').waitFor()
  await expect.poll(() => log().getByText('Halfway').count()).toBe(0)
})

test('what was chosen outlives a reload, and models follow the provider', async () => {
  await operator.request.post(`${issuer}/api/admin/model-providers`, {
    data: {
      id: 'other',
      kind: 'openai',
      base_url: `${upstream.origin}/v1`,
      models: [
        { id: 'big', price: PRICE },
        { id: 'bigger', price: PRICE },
      ],
    },
  })
  await choose(page, 'Model', 'small')
  await page.reload()
  await expect.poll(() => page.getByLabel('Model', { exact: true }).textContent()).toContain('small')
  await choose(page, 'Provider', /^other/)
  await expect.poll(() => page.getByLabel('Model', { exact: true }).textContent()).toContain('big')
  await choose(page, 'Model', 'bigger')
  await page.reload()
  await expect.poll(() => page.getByLabel('Provider', { exact: true }).textContent()).toContain('other')
  await expect.poll(() => page.getByLabel('Model', { exact: true }).textContent()).toContain('bigger')
  await expect.poll(() => page.getByLabel(/^System prompt/).inputValue()).toBe('Be brief.')
  await ask('Hi')
  await log().getByText('Hello, world').waitFor()
  // As newer models of OpenAI call it.
  expect(upstream.seen[0]?.body).toMatchObject({ model: 'bigger', max_completion_tokens: 50 })
  await choose(page, 'Provider', /^acme/)
  await expect.poll(() => page.getByLabel('Model', { exact: true }).textContent()).toContain('small')
})

test('usage shows what it came to: by day, by model, one by one and as a file', async () => {
  await goTo(page, 'Usage')
  const receipts = page.getByRole('table', { name: 'Receipts' })
  await receipts.getByRole('row').filter({ hasText: 'bigger' }).getByText('$0.00042').waitFor()
  await receipts.getByText('Stopped').first().waitFor()
  const summaries = page.getByText('Show as a table')
  await expect.poll(() => summaries.count()).toBe(2)
  for (const summary of await summaries.all()) await summary.click()
  await page.getByRole('rowheader', { name: 'bigger' }).waitFor()
  const { data } = await (await person.request.get(`${issuer}/api/usage?group_by=day`)).json()
  const total = data.reduce((sum: number, { cost_cents }: { cost_cents: number }) => sum + cost_cents, 0)
  expect(total).toBeGreaterThan(0)
  await page
    .getByText(`$${(Math.round(total * 10_000) / 1_000_000).toString()}`)
    .first()
    .waitFor()
  await page.getByText(/calls left now/).waitFor()
  const saving = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export CSV' }).click()
  const file = await readFile(await (await saving).path(), 'utf8')
  expect(file.split('\r\n')[0]).toContain('cost_cents')
  expect(file).toContain(',bigger,')
})

test('a person gives their own key, which nobody sees again, and pays by it', async () => {
  await goTo(page, 'Provider keys')
  await page.getByRole('button', { name: 'Add key at acme' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('API key', { exact: true }).fill('not a key')
  await dialog.getByRole('button', { name: 'Add key' }).click()
  await dialog.getByText(/without spaces/).waitFor()
  await dialog.getByLabel('API key', { exact: true }).fill(OWN_KEY)
  await dialog.getByRole('button', { name: 'Add key' }).click()
  await page.getByRole('row').filter({ hasText: 'acme' }).getByText('…4f2a').waitFor()
  expect(await page.content()).not.toContain(OWN_KEY)
  await page.getByRole('radio', { name: 'Your own keys' }).click()
  await page.getByText('Your own keys pay from now on').first().waitFor()

  await goTo(page, 'Playground')
  await page.getByText('Your own keys pay.').waitFor()
  await ask('By my own key')
  await log().getByText('Paid by your own key').waitFor()
  expect(upstream.seen[0]?.headers.authorization).toBe(`Bearer ${OWN_KEY}`)
  await choose(page, 'Provider', /^other/)
  await page.getByText('No key of yours here').waitFor()
  await ask('And here')
  await log().getByRole('alert').waitFor()
  expect(upstream.seen).toHaveLength(1)
  await choose(page, 'Provider', /^acme/)
  await choose(page, 'Model', 'gpt-5')

  await goTo(page, 'Provider keys')
  await page.getByRole('radio', { name: 'Credits' }).click()
  await page.getByText('Your credits pay from now on').first().waitFor()
})

test('a key is made for some models only, says so, and one that manages is for all', async () => {
  await goTo(page, 'API keys')
  await page.getByRole('button', { name: 'Create API key' }).first().click()
  const dialog = page.getByRole('dialog')
  const models = dialog.getByLabel(/^Only these models/)
  await dialog.getByLabel('Name', { exact: true }).fill('Nightly report')
  await models.fill('gpt-5')
  await dialog.getByRole('button', { name: 'Create key' }).click()
  await dialog.getByText(/must be provider\/model/).waitFor()
  await dialog.getByLabel(/^Change agents and applications/).check()
  await expect.poll(() => models.count()).toBe(0)
  await dialog.getByLabel(/^Change agents and applications/).uncheck()
  await models.fill('acme/gpt-5, other/*')
  await dialog.getByRole('button', { name: 'Create key' }).click()
  await page
    .getByText(/^sk-aa-v1-/)
    .first()
    .waitFor()
  await dialog.getByLabel('I saved it in a safe place').click()
  await dialog.getByRole('button', { name: 'Done' }).click()
  const shown = page.getByRole('list', { name: 'Models that Nightly report may call' })
  await expect.poll(() => shown.getByRole('listitem').allTextContents()).toEqual(['acme/gpt-5', 'other/*'])
})

test('who chats is offered models that answer, and none that only embed', async () => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
  const body = { kind: 'openai-compatible', base_url: `${upstream.origin}/v1`, api_key: PLATFORM_KEY }
  const providers = [
    {
      ...body,
      id: 'mixed',
      models: [{ id: 'embed-1' }, { id: 'talker' }, { id: 'vectors', operations: ['embeddings'] }],
    },
    { ...body, id: 'numbers', models: [{ id: 'text-embedding-*' }] },
  ]
  for (const provider of providers) {
    const init = { method: 'POST', headers, body: JSON.stringify(provider) }
    expect((await fetch(`${issuer}/api/admin/model-providers`, init)).status).toBe(201)
  }
  await page.goto(`${issuer}/console/playground`)
  await page.getByRole('combobox', { name: 'Provider', exact: true }).click()
  await expect.poll(() => page.getByRole('option', { name: /^numbers/ }).count()).toBe(0)
  await page.getByRole('option', { name: /^mixed/ }).click()
  await page.getByRole('combobox', { name: 'Model', exact: true }).click()
  await expect.poll(() => page.getByRole('option').allTextContents()).toEqual(['talker'])
  await page.keyboard.press('Escape')
  for (const { id } of providers)
    await fetch(`${issuer}/api/admin/model-providers/${id}`, { method: 'DELETE', headers })
  await page.reload()
  await message().waitFor()
})

test('what a model is for and whether there are responses is chosen, and an edit loses nothing that the API set', async () => {
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
  const at = `${issuer}/api/admin/model-providers`
  // biome-ignore lint/suspicious/noExplicitAny: as it is sent
  const kept = async (): Promise<any> => (await fetch(`${at}/everything`, { headers })).json()
  const everything = {
    id: 'everything',
    kind: 'openai-compatible',
    base_url: `${upstream.origin}/v1`,
    api_key: PLATFORM_KEY,
    oauth2: { token_url: `${upstream.origin}/token`, client_id: 'c', client_secret: PLATFORM_KEY, scope: 'all' },
    api_version: '2024-10-21',
    project: 'p',
    location: 'europe-west4',
    command: ['/bin/true', '--flag'],
    models: [
      { id: 'both', upstream_model: 'both-v2', operations: ['embeddings', 'chat'] },
      { id: 'vectors', operations: ['embeddings'], price: { ...PRICE, cached_input_per_mtok: 0.125 } },
      { id: 'plain' },
    ],
    fallback: ['acme/a name, with more', 'acme/gpt-5'],
    timeout_ms: 12_345,
    connect_timeout_ms: 1234,
    idle_timeout_ms: 2345,
    total_timeout_ms: 345_678,
    responses: 'translate',
    max_concurrent: 7,
    enabled: false,
  }
  expect((await fetch(at, { method: 'POST', headers, body: JSON.stringify(everything) })).status).toBe(201)
  const before = await kept()
  expect(before).toMatchObject({ responses: 'translate', max_concurrent: 7, credentials: ['api_key', 'oauth2'] })

  const sheet = admin.getByRole('dialog')
  const openSheet = async () => {
    await admin.goto(`${issuer}/console/models?provider=everything`)
    await sheet.getByLabel('Name, model 3').waitFor()
  }
  const save = async () => {
    await sheet.getByRole('button', { name: 'Save' }).click()
    await sheet.waitFor({ state: 'detached' })
  }
  await openSheet()
  await expect.poll(() => sheet.getByLabel('What it is for, model 1').textContent()).toContain('Chat and embeddings')
  await expect.poll(() => sheet.getByLabel('Has the Responses API').textContent()).toContain('No')
  await choose(admin, 'What it is for, model 2', /^Guessed from its name/)
  await choose(admin, 'What it is for, model 3', /^Chat Whoever/)
  await choose(admin, 'Has the Responses API', /^Yes/)
  // A script is quicker than who types.
  const meanwhile = { ...everything, max_concurrent: 9, models: [...everything.models] }
  expect((await fetch(`${at}/everything`, { method: 'PUT', headers, body: JSON.stringify(meanwhile) })).status).toBe(
    200,
  )
  await save()
  const [both, vectors] = before.models
  expect(await kept()).toEqual({
    ...before,
    max_concurrent: 9,
    responses: 'pass',
    models: [both, { id: vectors.id, price: vectors.price }, { id: 'plain', operations: ['chat'] }],
  })

  await openSheet()
  await choose(admin, 'Has the Responses API', /^As its kind does/)
  await save()
  expect(await kept()).not.toHaveProperty('responses')
  // Nor does switching it on.
  await admin.getByRole('switch', { name: 'everything serves' }).click()
  await admin.getByRole('row').filter({ hasText: 'everything' }).getByText('Serving').waitFor()
  const { responses: _, ...rest } = await kept()
  expect(rest).toMatchObject({ enabled: true, max_concurrent: 9, fallback: everything.fallback })
  await fetch(`${at}/everything`, { method: 'DELETE', headers })
})

test('who looks sees when a provider does not answer', async () => {
  upstream.answer = (_call, response) => sendJson(response, 500, { error: { message: 'out' } })
  for (let call = 0; call < 5; call++)
    await person.request.post(`${issuer}/api/playground/chat`, {
      data: { model: 'other/big', messages: [{ role: 'user', content: 'Hi' }] },
      headers: { origin: issuer },
    })
  await goTo(page, 'Models')
  await page.getByRole('row').filter({ hasText: 'other' }).getByText('Not answering').waitFor()
  // Who does not run the server changes nothing.
  await expect.poll(() => page.getByRole('switch').count()).toBe(0)
  await expect.poll(() => page.getByRole('button', { name: /^(Change|Remove|Add provider)/ }).count()).toBe(0)
})

describe('every screen of models', { timeout: 120_000 }, () => {
  const SCREENS = [
    '/playground',
    '/models',
    '/models?provider=_new',
    '/models?provider=acme',
    '/usage',
    '/provider-keys',
  ]

  async function settled(at: Page, screen: string) {
    await at.goto(`${issuer}/console${screen}`)
    await at.getByRole('heading', { level: 1, includeHidden: true }).waitFor()
    await at.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
    await at.locator('main').getByText('Loading').first().waitFor({ state: 'detached' })
    await at.waitForLoadState('networkidle')
  }

  const pictureOf = (at: Page, screen: string, look: string) =>
    picture(at, `${screen.replaceAll(/\W+/g, '-').replace(/^-/, '')}-${look}`)

  test.each(['light', 'dark'] as const)('can be used by everybody, in %s', async (colorScheme) => {
    for (const at of [admin, page]) {
      await at.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const screen of SCREENS) {
        await settled(at, screen)
        if (screen === '/playground') await talk(at)
        await pictureOf(at, screen, `${at === admin ? 'operator' : 'person'}-${colorScheme}`)
        const faults = await accessFaults(at)
        expect([screen, faults]).toEqual([screen, []])
      }
    }
  })

  /** So that there is something to see. */
  async function talk(at: Page) {
    upstream.answer = says(
      'A breaker keeps callers from something that is out.\n\n',
      'It opens, cools down, and tries once.',
    )
    await at.getByLabel('Message', { exact: true }).fill('What is a breaker?')
    await at.keyboard.press('Enter')
    await at
      .getByRole('log')
      .getByText(/tries once|credits/)
      .first()
      .waitFor()
    await at.getByRole('button', { name: 'Send' }).waitFor()
    if (at === page) await at.getByText(/^Cost/).waitFor()
  }

  test('fits a phone', async () => {
    for (const at of [admin, page]) {
      await at.setViewportSize({ width: 360, height: 740 })
      for (const screen of SCREENS) {
        await settled(at, screen)
        if (screen === '/playground') await talk(at)
        await pictureOf(at, screen, `${at === admin ? 'operator' : 'person'}-phone`)
        const width = await at.evaluate('document.documentElement.scrollWidth')
        expect([screen, width]).toEqual([screen, 360])
      }
    }
    await page.goto(`${issuer}/console/playground`)
    await page.getByRole('button', { name: 'Settings' }).click()
    await choose(page, 'Provider', /^other/)
    await page.keyboard.press('Escape')
    await expect.poll(() => page.getByLabel('Model', { exact: true }).textContent()).toContain('bigger')
  })

  test('has hurt no policy and thrown no error', () => {
    expect(complaints).toEqual([])
  })
})

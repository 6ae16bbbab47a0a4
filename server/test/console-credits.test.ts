import axe from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../examples/agent/browser.ts'
import { grantPromotion } from '../src/accounts/credits.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, freshDatabase } from './harness.ts'
import { newApp } from './tenancy.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let server: RunningServer
let issuer: string
let browser: Browser
/** Whoever runs the server; somebody in their organization; and an administrator of another. */
let operator: BrowserContext
let admin: Page
let page: Page
let other: Page
let clientId: string
const complaints: string[] = []

beforeAll(async () => {
  database = await freshDatabase('sqlite')
  const PORT = String(await freePort())
  server = await startServer({ PORT, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'silent' })
  issuer = server.deps.config.issuer
  browser = await launchBrowser()
  operator = await window()
  admin = await opened(operator)
  page = await opened(await window())
  other = await opened(await window())
  await signUp(admin, 'Ada Lovelace', 'ada@example.com')
  await signUp(page, 'Grace Hopper', 'grace@example.com')
  await signUp(other, 'Eve Elsewhere', 'eve@example.com')
  await asOperator('POST', '/users', { email: 'grace@example.com', name: 'Grace Hopper' })
  const inbox = await asOperator<{ data: { links: string[] }[] }>('GET', '/dev-inbox?to=grace@example.com')
  await page.goto(inbox.data.flatMap(({ links }) => links).find((link) => link.includes('verify')) ?? '')
  const app = { ...newApp, client_name: 'App X', client_id: 'app-x', promotional_credits: 500 }
  clientId = (await asOperator('POST', '/clients', app)).client_id
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await database?.drop()
})

async function asOperator<T = { client_id: string }>(method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${issuer}/api/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return (await response.json()) as T
}

async function window(): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(10_000)
  return context
}

async function opened(context: BrowserContext): Promise<Page> {
  const tab = await context.newPage()
  tab.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      complaints.push(message.text())
  })
  tab.on('pageerror', (error) => complaints.push(error.message))
  return tab
}

async function signUp(at: Page, name: string, email: string) {
  await at.goto(`${issuer}/console/sign-up`)
  await at.getByLabel('Your name').fill(name)
  await at.getByLabel('Email').fill(email)
  await at.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await at.getByRole('button', { name: 'Create account' }).click()
  await at.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
}

async function settled(at: Page, screen: string) {
  await at.goto(`${issuer}/console${screen}`)
  await at.getByRole('heading', { level: 1, includeHidden: true }).waitFor()
  await at.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await at.locator('main').getByText('Loading').first().waitFor({ state: 'detached' })
  await at.waitForLoadState('networkidle')
}

async function usable(at: Page, what: string) {
  const faults = await at.evaluate(`(async () => {
    ${axe.source}
    const { violations } = await axe.run(document, { resultTypes: ['violations'] })
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))
  })()`)
  expect([what, faults]).toEqual([what, []])
}

async function picture(at: Page, name: string) {
  const folder = process.env.SCREENSHOTS
  if (folder) await at.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

test('whoever runs the server gives credits to a person, with a reason that stays', async () => {
  await settled(admin, '/organization')
  const give = admin.getByRole('button', { name: 'Give credits to Grace Hopper' })
  await give.click()
  const dialog = admin.getByRole('dialog')
  await dialog.getByLabel('Amount, in dollars').fill('five')
  await dialog.getByLabel('Reason').fill('Invoice 2026-17')
  await dialog.getByRole('button', { name: 'Give credits' }).click()
  await dialog.getByText('Must be an amount such as 5 or 5.50').waitFor()
  await dialog.getByLabel('Amount, in dollars').fill('12.50')
  await usable(admin, 'the dialog')
  await picture(admin, 'give-credits')
  await dialog.getByRole('button', { name: 'Give $12.50' }).dblclick()
  await dialog.waitFor({ state: 'detached' })
  await admin.getByText('Grace Hopper can spend $12.50 now', { exact: true }).waitFor()
  const rows = await server.deps.db.read.selectFrom('ledger_entry').selectAll().execute()
  expect(rows).toMatchObject([{ kind: 'credit', amount_nano: 12.5e9, reason: 'Invoice 2026-17', lot_id: null }])
  // In the log of the organization that is theirs.
  await settled(page, '/audit')
  await page.getByText(/gave .*1250 cents of credits: Invoice 2026-17/).waitFor()
})

test('nobody else is offered that, and the server would refuse it', async () => {
  for (const at of [page, other]) {
    await settled(at, '/organization')
    await expect.poll(() => at.getByRole('button', { name: /^Give credits/ }).count()).toBe(0)
    const me = await (await at.request.get(`${issuer}/api/me`)).json()
    const answer = await at.request.post(`${issuer}/api/admin/users/${me.user.id}/credits`, {
      data: { amount_cents: 1, reason: 'mine' },
      headers: { origin: issuer },
    })
    expect(answer.status()).toBe(403)
  }
})

test('what an app gives is set beside its settings, and what is wrong is said where it is', async () => {
  await settled(admin, `/applications/${clientId}?tab=settings`)
  const excluded = admin.getByLabel(/^Models that they do not pay for/)
  await admin.getByLabel('Dollars for each').fill('7.5')
  await admin.getByLabel(/^Days until they end/).fill('30')
  await excluded.fill('openai/o3-pro\ngpt*5')
  await admin.getByRole('button', { name: 'Save credits' }).click()
  await admin.getByText('Line 2 may have a * at the end only').waitFor()
  await excluded.fill('openai/o3-pro\nanthropic/claude-opus-*')
  await admin.getByRole('button', { name: 'Save credits' }).click()
  await admin.getByText('Saved. It holds for whoever comes from now on', { exact: true }).waitFor()
  expect(await asOperator('GET', `/clients/${clientId}`)).toMatchObject({
    promotional_credits: 750,
    promotional_credits_expire_in: 30 * 86_400,
    promotional_excluded_models: ['openai/o3-pro', 'anthropic/claude-opus-*'],
  })
  await usable(admin, 'the settings')
  await picture(admin, 'promotion-light')
  // Their colleague reads what holds, and changes nothing.
  const asMember = await (await page.request.get(`${issuer}/api/me`)).json()
  const organization = asMember.organizations.find(({ id }: { id: string }) => id === server.deps.orgId)
  const mine = asMember.organization.id
  const workIn = (organization_id: string) =>
    page.request.put(`${issuer}/api/me/organization`, { data: { organization_id }, headers: { origin: issuer } })
  await workIn(organization.id)
  await settled(page, `/applications/${clientId}?tab=settings`)
  await page.getByText(/\$7\.50 for each\. They end after 30 days\. They do not pay for openai\/o3-pro/).waitFor()
  await expect.poll(() => page.getByRole('button', { name: 'Save credits' }).count()).toBe(0)
  await workIn(mine)
})

test('a person sees which of their credits end when, and what they do not pay for', async () => {
  const { deps } = server
  const me = await (await page.request.get(`${issuer}/api/me`)).json()
  const promotion = { userId: me.user.id, orgId: deps.orgId, cents: 500 }
  await deps.db.write(async (work) => {
    const excludedModels = '["openai/o3-pro"]'
    await grantPromotion(deps, work, { ...promotion, clientId, expireIn: 30 * 86_400, excludedModels }, deps.now())
    const gone = { ...promotion, clientId: 'gone', expireIn: null, excludedModels: '[]' }
    await grantPromotion(deps, work, gone, deps.now())
  })
  await settled(page, '/usage')
  const lots = page.getByRole('list', { name: /^Credits that apps gave you/ }).getByRole('listitem')
  const day = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' })
  await expect
    .poll(() => lots.allInnerTexts())
    .toEqual([
      `Of these, $5.00 from App X until ${day.format(deps.now() + 30 * 86_400_000)}; not for openai/o3-pro`,
      'and $5.00 from an app that is gone',
    ])
})

describe('all of it', () => {
  const screens = () =>
    [
      [admin, '/organization'],
      [admin, `/applications/${clientId}?tab=settings`],
      [admin, `/applications/${clientId}?tab=users`],
      [page, '/usage'],
    ] as const

  test.each(['light', 'dark'] as const)('can be used by everybody, in %s', async (colorScheme) => {
    for (const [at, screen] of screens()) {
      await at.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await settled(at, screen)
      await picture(at, `${screen.replaceAll(/\W+/g, '-').slice(1)}-${colorScheme}`)
      await usable(at, screen)
    }
  })

  test('fits a phone', async () => {
    for (const [at, screen] of screens()) {
      await at.setViewportSize({ width: 360, height: 740 })
      await settled(at, screen)
      await picture(at, `${screen.replaceAll(/\W+/g, '-').slice(1)}-phone`)
      expect([screen, await at.evaluate('document.documentElement.scrollWidth')]).toEqual([screen, 360])
    }
    await settled(admin, '/organization')
    await admin.getByRole('button', { name: 'Give credits to Grace Hopper' }).click()
    await admin.getByRole('dialog').waitFor()
    await picture(admin, 'give-credits-phone')
    expect(await admin.evaluate('document.documentElement.scrollWidth')).toBe(360)
    await usable(admin, 'the dialog on a phone')
  })

  test('has hurt no policy and thrown no error', () => {
    expect(complaints).toEqual([])
  })
})

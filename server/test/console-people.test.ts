import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../../examples/agent/browser.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { accessFaults, goTo, openPage, openWindow, picture, signUpAt } from './console-window.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, freshDatabase } from './harness.ts'

let database: Awaited<ReturnType<typeof freshDatabase>>
let server: RunningServer
let issuer: string
let browser: Browser
/** Whoever runs the server; and somebody with an organization of their own. */
let admin: Page
let person: BrowserContext
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  database = await freshDatabase('sqlite')
  const PORT = String(await freePort())
  server = await startServer({ PORT, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'silent' })
  issuer = server.deps.config.issuer
  browser = await launchBrowser()
  admin = await openPage(await openWindow(browser), complaints)
  person = await openWindow(browser)
  page = await openPage(person, complaints)
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await database?.drop()
})

const CREDENTIALS = { email: 'grace@example.com', password: 'correct horse battery' }
const asOperator = (method: string, path: string, body?: object) =>
  fetch(`${issuer}/api/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
const row = (name: string) => admin.getByRole('row').filter({ hasText: name })
const more = async (name: string) => {
  await admin.getByRole('button', { name: `More for ${name}` }).click()
  await admin.getByRole('menu').waitFor()
}
const item = (name: string) => admin.getByRole('menuitem', { name, exact: true })
const search = () => admin.getByRole('searchbox', { name: 'Search people' })

test('whoever runs the server sees who is on it, and is told where people come from while nobody is', async () => {
  await signUpAt(admin, issuer, { name: 'Ada Lovelace', email: 'ada@example.com' })
  await goTo(admin, 'People')
  await admin.getByText('Nobody else is here yet.').waitFor()
  const grace = { name: 'Grace Hopper', ...CREDENTIALS }
  const signedUp = await person.request.post(`${issuer}/api/auth/sign-up/email`, {
    data: grace,
    headers: { origin: issuer },
  })
  expect(signedUp.status()).toBe(200)
  await asOperator('POST', '/users', { email: 'late@example.com', name: 'Late Comer', role: 'viewer' })
  await admin.reload()
  await row('Grace Hopper').getByText('Email not confirmed').waitFor()
  await row('Grace Hopper').getByText('Grace’s organization').waitFor()
  await row('Late Comer').getByText('Not signed up').waitFor()
  await row('Ada Lovelace').getByText('You', { exact: true }).waitFor()
  // Nobody disables themselves.
  await more('Ada Lovelace')
  await item('Give credits').waitFor()
  await expect.poll(() => item('Disable').count()).toBe(0)
  await admin.keyboard.press('Escape')
})

test('they are searched by the server, and the search has an address', async () => {
  await search().fill('HOPPER grace@')
  await row('Ada Lovelace').waitFor({ state: 'detached' })
  await row('Grace Hopper').waitFor()
  await admin.getByText('One person found').waitFor({ state: 'attached' })
  await admin.reload()
  await expect.poll(() => search().inputValue()).toBe('HOPPER grace@')
  await row('Grace Hopper').waitFor()
  await search().fill('nobody at all')
  await admin.getByText('Nobody of that name').waitFor()
  await admin.getByRole('button', { name: 'Show everybody' }).click()
  await row('Ada Lovelace').waitFor()
})

test('credits that are given stand in the list', async () => {
  await more('Grace Hopper')
  await item('Give credits').click()
  const dialog = admin.getByRole('dialog')
  await dialog.getByLabel('Amount, in dollars').fill('12.50')
  await dialog.getByLabel('Reason').fill('Invoice 7')
  await dialog.getByRole('button', { name: 'Give $12.50' }).click()
  await dialog.waitFor({ state: 'detached' })
  await row('Grace Hopper').getByText('$12.50').waitFor()
})

test('who is disabled is told of before it happens, is out at once, and comes back', async () => {
  await more('Grace Hopper')
  await item('Disable').click()
  const question = admin.getByRole('alertdialog', { name: 'Disable Grace Hopper?' })
  await question.getByText('Ends at once').waitFor()
  await question.getByText('Stays', { exact: true }).waitFor()
  await picture(admin, 'people-disable')
  expect(await accessFaults(admin)).toEqual([])
  await question.getByRole('button', { name: 'Cancel' }).click()
  await question.waitFor({ state: 'detached' })
  expect((await person.request.get(`${issuer}/api/me`)).status()).toBe(200)

  await more('Grace Hopper')
  await item('Disable').click()
  await question.getByRole('button', { name: 'Disable' }).click()
  await question.waitFor({ state: 'detached' })
  await row('Grace Hopper').getByText('Disabled').waitFor()
  await row('Grace Hopper')
    .getByText(/^By you, /)
    .waitFor()
  expect((await person.request.get(`${issuer}/api/me`)).status()).toBe(401)
  await goTo(admin, 'Audit')
  await admin
    .getByText(/disabled .*Grace Hopper|disabled user_/)
    .first()
    .waitFor()

  await goTo(admin, 'People')
  await more('Grace Hopper')
  await item('Enable').click()
  await row('Grace Hopper').getByText('Disabled').waitFor({ state: 'detached' })
  const signedIn = await person.request.post(`${issuer}/api/auth/sign-in/email`, {
    data: CREDENTIALS,
    headers: { origin: issuer },
  })
  expect(signedIn.status()).toBe(200)
})

test('nobody else finds it, and who has its address is told plainly', async () => {
  await page.goto(`${issuer}/console/people`)
  await page.getByText('For whoever runs this server').waitFor()
  const places = page.getByRole('navigation', { name: 'Console' }).getByRole('link')
  await expect.poll(() => places.allInnerTexts()).toContain('Organization')
  expect(await places.allInnerTexts()).not.toContain('People')
  expect((await person.request.get(`${issuer}/api/admin/users`)).status()).toBe(403)
})

describe('all of it', () => {
  const settled = async (at: Page) => {
    await at.goto(`${issuer}/console/people`)
    await at
      .getByText(at === admin ? 'Late Comer' : 'For whoever runs this server')
      .first()
      .waitFor()
    await at.locator('main [aria-busy=true]').waitFor({ state: 'detached' })
  }

  test.each(['light', 'dark'] as const)('can be used by everybody, in %s', async (colorScheme) => {
    for (const at of [admin, page]) {
      await at.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await settled(at)
      await picture(at, `people-${at === admin ? 'operator' : 'person'}-${colorScheme}`)
      expect(await accessFaults(at)).toEqual([])
    }
  })

  test('fits a phone', async () => {
    for (const at of [admin, page]) {
      await at.setViewportSize({ width: 360, height: 740 })
      await settled(at)
      await picture(at, `people-${at === admin ? 'operator' : 'person'}-phone`)
      expect(await at.evaluate('document.documentElement.scrollWidth')).toBe(360)
    }
    await more('Grace Hopper')
    await item('Disable').click()
    await admin.getByRole('alertdialog').waitFor()
    await picture(admin, 'people-disable-phone')
    expect(await admin.evaluate('document.documentElement.scrollWidth')).toBe(360)
  })

  test('has hurt no policy and thrown no error', () => {
    expect(complaints).toEqual([])
  })
})

import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../../examples/agent/browser.ts'
import { type RunningServer, startServer } from '../src/server.ts'
import { accessFaults, goTo, openPage, openWindow, picture, signUpAt } from './console-window.ts'
import { freePort } from './free-port.ts'
import { ADMIN_KEY, freshDatabase } from './harness.ts'
import { type McpAuthority, type McpUpstream, startMcpAuthority, startMcpUpstream } from './mcp-upstream.ts'

const CANARY = 'canary-header-value-0123456789'
const METADATA = '/.well-known/oauth-protected-resource/mcp'

let database: Awaited<ReturnType<typeof freshDatabase>>
let server: RunningServer
let upstream: McpUpstream
let authority: McpAuthority
let issuer: string
let browser: Browser
let admin: Page
let member: Page
const complaints: string[] = []

beforeAll(async () => {
  database = await freshDatabase('sqlite')
  upstream = await startMcpUpstream()
  authority = await startMcpAuthority()
  upstream.behaviour.tools = [
    { name: 'search_documents', description: 'Finds documents by their words' },
    { name: 'read_document', description: 'The text of one document' },
    { name: 'file_issue', description: 'Files an issue' },
    { name: 'list_projects', description: 'The projects that there are' },
  ]
  upstream.behaviour.metadata = { [METADATA]: { resource: upstream.url, authorization_servers: [authority.issuer] } }
  upstream.behaviour.lets = ({ headers }) =>
    headers['x-api-key'] === CANARY ||
    authority.valid.get(headers.authorization?.replace('Bearer ', '') ?? '') === upstream.url
  const PORT = String(await freePort())
  const env = { PORT, DATABASE_URL: database.url, ADMIN_API_KEY: ADMIN_KEY, LOG_LEVEL: 'silent' }
  server = await startServer({ ...env, EGRESS_ALLOW: '127.0.0.1' })
  issuer = server.deps.config.issuer
  browser = await launchBrowser()
  admin = await openPage(await openWindow(browser), complaints)
  member = await openPage(await openWindow(browser), complaints)
})
afterAll(async () => {
  await browser.close()
  await server.close()
  await upstream.stop()
  await authority.stop()
  await database.drop()
})

const signUp = (at: Page, name: string, email: string) => signUpAt(at, issuer, { name, email })
const choose = async (label: string, option: string | RegExp) => {
  await admin.getByRole('combobox', { name: label, exact: true }).click()
  await admin.getByRole('option', { name: option }).click()
}
const row = (at: Page, name: string) => at.getByRole('row').filter({ hasText: name })

test('an administrator adds a server with a key, which goes in and never comes out, and tests it', async () => {
  await signUp(admin, 'Ada Lovelace', 'ada@example.com')
  await goTo(admin, 'MCP servers')
  await admin.getByText('No MCP servers yet').waitFor()
  await picture(admin, 'mcp-servers-empty')
  expect(await accessFaults(admin)).toEqual([])
  await admin.getByRole('button', { name: 'Add server' }).first().click()
  const sheet = admin.getByRole('dialog')
  await sheet.getByLabel('Name', { exact: true }).fill('Documents')
  await sheet.getByLabel('Address').fill('https://10.0.0.1/mcp')
  await choose('Authorization', /^Headers/)
  await sheet.getByLabel('Name of header 1').fill('X-Api-Key')
  await sheet.getByLabel('Value of header 1').fill(CANARY)
  await sheet.getByRole('button', { name: 'Add server' }).click()
  // What is wrong is said where it is wrong, and nothing that was typed is lost.
  await sheet.getByText(/not called from here/i).waitFor()
  await sheet.getByLabel('Address').fill(upstream.url)
  await sheet.getByRole('button', { name: 'Add server' }).dblclick()
  await sheet.waitFor({ state: 'detached' })
  await row(admin, 'Documents').getByText('Ready').waitFor()

  await admin.getByRole('button', { name: 'Test Documents' }).click()
  const dialog = admin.getByRole('dialog')
  await dialog.getByText(/It works: upstream 3\.2\.1/).waitFor()
  await dialog.getByText('Finds documents by their words').waitFor()
  await picture(admin, 'mcp-servers-test')
  expect(await accessFaults(admin)).toEqual([])
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await row(admin, 'Documents').getByText('and 1 more').waitFor()
  expect(await admin.content()).not.toContain(CANARY)

  await admin.getByRole('button', { name: 'More for Documents' }).click()
  await admin.getByRole('menuitem', { name: 'Change' }).click()
  await sheet.getByLabel('Name', { exact: true }).fill('Our documents')
  await expect.poll(() => sheet.getByLabel('Value of header 1').inputValue()).toBe('')
  expect(await accessFaults(admin)).toEqual([])
  await sheet.getByRole('button', { name: 'Save' }).click()
  await row(admin, 'Our documents').waitFor()
  await admin.getByRole('button', { name: 'Test Our documents' }).click()
  await dialog.getByText(/It works/).waitFor()
  await admin.keyboard.press('Escape')
})

test('an administrator authorizes a server by OAuth, and comes back to it', async () => {
  await admin.getByRole('button', { name: 'Add server' }).first().click()
  const sheet = admin.getByRole('dialog')
  await sheet.getByLabel('Name', { exact: true }).fill('Issues')
  await sheet.getByLabel('Address').fill(upstream.url)
  await choose('Authorization', /^OAuth/)
  await picture(admin, 'mcp-servers-oauth')
  expect(await accessFaults(admin)).toEqual([])
  await sheet.getByRole('button', { name: 'Add server' }).click()
  await sheet.waitFor({ state: 'detached' })
  await row(admin, 'Issues').getByText('Authorize first').waitFor()

  await admin.getByRole('button', { name: 'More for Issues' }).click()
  await admin.getByRole('menuitem', { name: 'Test' }).click()
  await admin.getByRole('dialog').getByText('authorize it first').waitFor()
  await picture(admin, 'mcp-servers-refused')
  await admin.keyboard.press('Escape')

  await admin.getByRole('button', { name: 'Authorize Issues' }).click()
  await admin.getByText('Issues is authorized').waitFor()
  await row(admin, 'Issues').getByText('Ready').waitFor()
  await admin.getByRole('button', { name: 'Test Issues' }).click()
  await admin
    .getByRole('dialog')
    .getByText(/It works/)
    .waitFor()
  await admin.keyboard.press('Escape')

  await admin.getByRole('button', { name: 'More for Issues' }).click()
  await admin.getByRole('menuitem', { name: 'End authorization' }).click()
  await admin.getByRole('alertdialog').getByRole('button', { name: 'End authorization' }).click()
  await row(admin, 'Issues').getByText('Authorize first').waitFor()
  expect(authority.calls('/revoke')).toHaveLength(1)

  // What an address claims is believed as far as the server knows of it.
  await admin.goto(`${issuer}/console/mcp-servers?status=success&connection_id=conn_x`)
  await row(admin, 'Issues').waitFor()
  await expect.poll(() => admin.getByText('is authorized', { exact: false }).count()).toBe(0)
  await admin.goto(`${issuer}/console/mcp-servers?status=error&error=access_denied`)
  await admin.getByText('You said no there').waitFor()
})

test('a member sees the list, and nothing to change it with', async () => {
  const invited = await admin.request.post(`${issuer}/api/invitations`, {
    data: { email: 'grace@example.com', role: 'viewer' },
    headers: { origin: issuer },
  })
  await signUp(member, 'Grace Hopper', 'grace@example.com')
  await member.goto((await invited.json()).link)
  await member.getByRole('button', { name: /Join|Accept/ }).click()
  await member.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await goTo(member, 'MCP servers')
  await row(member, 'Our documents').getByText('search_documents').waitFor()
  await picture(member, 'mcp-servers-member')
  for (const name of [/Add server/, /^Test/, /^More for/, /^Authorize/])
    await expect.poll(() => member.getByRole('main').getByRole('button', { name }).count()).toBe(0)
})

test.each(['light', 'dark'] as const)('it can be used by everybody, in %s, and fits a phone', async (colorScheme) => {
  await admin.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  for (const width of [1280, 360]) {
    await admin.setViewportSize({ width, height: 900 })
    for (const screen of ['', '?status=error&error=access_denied', '?server=new']) {
      await admin.goto(`${issuer}/console/mcp-servers${screen}`)
      await admin.getByRole('heading', { level: 1, includeHidden: true }).waitFor()
      await admin.getByText('Our documents').first().waitFor()
      await picture(admin, `mcp-servers${screen.replaceAll(/\W+/g, '-')}-${colorScheme}-${width}`)
      expect([screen, await accessFaults(admin)]).toEqual([screen, []])
      expect([screen, await admin.evaluate('document.documentElement.scrollWidth')]).toEqual([screen, width])
    }
  }
})

test('an administrator removes a server, and nothing was complained of', async () => {
  await admin.setViewportSize({ width: 1280, height: 900 })
  await admin.goto(`${issuer}/console/mcp-servers`)
  await admin.getByRole('button', { name: 'More for Issues' }).click()
  await admin.getByRole('menuitem', { name: 'Remove' }).click()
  await admin.getByRole('alertdialog').getByRole('button', { name: 'Remove server' }).click()
  await row(admin, 'Issues').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
})

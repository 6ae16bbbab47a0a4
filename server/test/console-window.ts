import axe from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'

/** A window of the console, in which nobody is signed in. */
export async function openWindow(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  context.setDefaultTimeout(30_000)
  return context
}

/** A page of it. What it complains of is a Content-Security-Policy that is hurt, or a script that failed. */
export async function openPage(context: BrowserContext, complaints: string[]): Promise<Page> {
  const tab = await context.newPage()
  tab.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      complaints.push(message.text())
  })
  tab.on('pageerror', (error) => complaints.push(error.message))
  return tab
}

/** Somebody new, who is at the overview then. */
export async function signUpAt(at: Page, issuer: string, { name, email }: { name: string; email: string }) {
  await at.goto(`${issuer}/console/sign-up`)
  await at.getByLabel('Your name').fill(name)
  await at.getByLabel('Email').fill(email)
  await at.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await at.getByRole('button', { name: 'Create account' }).click()
  await at.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
}

/** By the sidebar. */
export const goTo = (at: Page, screen: string) =>
  at.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: screen, exact: true }).click()

/** What keeps somebody from using the page as it is now. */
export async function accessFaults(at: Page): Promise<string[]> {
  return at.evaluate(`(async () => {
    ${axe.source}
    const { violations } = await axe.run(document, { resultTypes: ['violations'] })
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))
  })()`)
}

/** For who looks: pictures of what a test sees, in the folder of `SCREENSHOTS`. */
export async function picture(at: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  if (folder) await at.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

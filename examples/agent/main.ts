import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'
import { heading, SignInError, signIn } from './sign-in.ts'
import { createTimeline, type Step, type Timeline } from './timeline.ts'

/** All that the agent knows: who it is, whom it trusts, and where it is going. */
interface Config {
  issuer: string
  agentId: string
  agentSecret: string
  model: string
  website: URL
}

const json = process.argv.includes('--json')

function readConfig(env: NodeJS.ProcessEnv): Config {
  const names = ['ISSUER', 'AGENT_ID', 'AGENT_SECRET', 'AGENT_MODEL', 'WEBSITE_URL'] as const
  const missing = names.filter((name) => !env[name])
  if (missing.length > 0) throw new SignInError('not_configured', `Set ${missing.join(', ')}.`)
  const [issuer = '', agentId = '', agentSecret = '', model = '', website = ''] = names.map((name) => env[name])
  if (!URL.canParse(issuer) || !URL.canParse(website))
    throw new SignInError('not_configured', 'ISSUER and WEBSITE_URL must be URLs.')
  return { issuer, agentId, agentSecret, model, website: new URL(website) }
}

async function run(config: Config, timeline: Timeline): Promise<string> {
  const browser = await launch()
  timeline.step('browser started')
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    return await visit(page, config, timeline).finally(() => screenshot(page))
  } finally {
    await browser.close()
  }
}

async function visit(page: Page, config: Config, timeline: Timeline): Promise<string> {
  await open(page, config.website)
  timeline.step('website opened')

  await clickSignIn(page)
  timeline.step('button clicked')

  await signIn(page, { ...config, expectedOrigin: config.website.origin, onStep: timeline.step })
  const greeting = await readGreeting(page, config)
  timeline.step('greeted')

  await leaveNote(page)
  timeline.step('note left')
  return greeting
}

async function launch(): Promise<Browser> {
  return launchBrowser().catch((error: Error) => {
    const [reason] = error.message.split('\n')
    throw new SignInError(
      'no_browser',
      `No browser could be started (${reason}). Set CHROME_PATH to a Chromium or Chrome.`,
    )
  })
}

async function open(page: Page, website: URL): Promise<void> {
  await page.goto(website.href, { waitUntil: 'domcontentloaded', timeout: 15_000 }).catch(() => {
    throw new SignInError('no_website', `${website.href} does not answer. Is the website up?`)
  })
}

async function clickSignIn(page: Page): Promise<void> {
  const name = 'Sign in with Auth Agent'
  const button = page.getByRole('button', { name }).or(page.getByRole('link', { name }))
  await button.click({ timeout: 10_000, noWaitAfter: true }).catch(() => {
    throw new SignInError('no_button', `${page.url()} has no “${name}”.`)
  })
}

/** The website must greet this agent, not just anyone. */
async function readGreeting(page: Page, { agentId, model }: Config): Promise<string> {
  const greeting = page.getByRole('heading', { name: /^Hello / })
  const shown = page.getByText(agentId).first()
  await Promise.all([greeting.waitFor({ timeout: 10_000 }), shown.waitFor({ timeout: 10_000 })]).catch(async () => {
    throw new SignInError('not_greeted', `The website did not greet this agent: ${await heading(page)}`)
  })
  const text = (await greeting.textContent()) ?? ''
  if (!text.includes(model)) throw new SignInError('wrong_model', `The website thinks we run on another model: ${text}`)
  return text.trim()
}

async function leaveNote(page: Page): Promise<void> {
  const note = `Signed in by myself at ${new Date().toISOString().slice(11, 19)} UTC. Nobody typed a password.`
  await page.getByLabel('Leave a note').fill(note)
  await page.getByRole('button', { name: 'Leave the note' }).click()
  await page.getByText(note).first().waitFor({ timeout: 10_000 })
}

async function screenshot(page: Page): Promise<void> {
  const folder = process.env.SCREENSHOT_DIR
  if (folder) await page.screenshot({ path: join(folder, 'agent.png'), fullPage: true })
}

function printStep(step: Step): void {
  const line = `${step.step.padEnd(32)} ${step.ms.toFixed(1).padStart(9)} ms`
  console.log(json ? JSON.stringify(step) : line)
}

function printEnd(end: { ok: boolean; total_ms: number; greeting?: string; error?: string; message?: string }): void {
  const line = end.ok ? `${end.greeting}\n${end.total_ms} ms in all` : `${end.error}: ${end.message}`
  if (json) console.log(JSON.stringify(end))
  else if (end.ok) console.log(line)
  else console.error(line)
}

async function main(): Promise<boolean> {
  const timeline = createTimeline(() => performance.now(), printStep)
  try {
    const greeting = await run(readConfig(process.env), timeline)
    printEnd({ ok: true, total_ms: timeline.total(), greeting })
    return true
  } catch (error) {
    const code = error instanceof SignInError ? error.code : 'unexpected'
    printEnd({ ok: false, total_ms: timeline.total(), error: code, message: (error as Error).message })
    return false
  }
}

process.exitCode = (await main()) ? 0 : 1

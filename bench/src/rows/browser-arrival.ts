import type { Browser, Page } from 'playwright-core'
import { Connection } from '../connection.ts'
import { CookieJar } from '../cookie-jar.ts'
import { authorizationRequest } from '../pkce.ts'
import { authenticate, type Subject } from '../subject.ts'
import type { Website } from '../website.ts'
import { type Arrival, summarizeArrival } from './arrival.ts'

const WARM_UP = 3
const SIGN_INS = 30

/** The same with the page in a real browser, script and all; undefined where there is no browser. */
export async function browserArrival(subject: Subject, website: Website): Promise<Arrival | undefined> {
  const browser = await launch()
  if (!browser) return undefined
  const agent = new Connection(subject.server.port)
  try {
    const times: number[] = []
    for (let index = 0; index < WARM_UP + SIGN_INS; index++) {
      const ms = await inFreshBrowser(browser, (page) => measure(subject, website, page, agent, index))
      if (index >= WARM_UP) times.push(ms)
    }
    return summarizeArrival('arrival in headless Chromium', times)
  } finally {
    agent.close()
    await browser.close()
  }
}

/** The browser belongs to the sample agent; the bench goes without when it is not installed. */
async function launch(): Promise<Browser | undefined> {
  // It unpacks its libraries only where it believes to be on a known platform.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x'
  try {
    const [{ chromium }, { default: packed }] = await Promise.all([
      import('playwright-core'),
      import('@sparticuz/chromium'),
    ])
    const executablePath = await packed.executablePath()
    return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
  } catch (error) {
    console.error(`No browser: ${error instanceof Error ? error.message.split('\n')[0] : error}`)
    return undefined
  }
}

async function inFreshBrowser<T>(browser: Browser, use: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext()
  try {
    return await use(await context.newPage())
  } finally {
    await context.close()
  }
}

async function measure(subject: Subject, website: Website, page: Page, agent: Connection, index: number) {
  const { query, state, verifier } = authorizationRequest(subject.client)
  const streaming = page.waitForResponse((response) => response.url().includes('/api/check-status/stream'))
  const answer = await page.goto(`http://127.0.0.1:${subject.server.port}/authorize?${query}`)
  const id = /"request_id":"([^"]+)"/.exec((await answer?.text()) ?? '')?.[1] ?? ''
  await streaming
  const arrived = website.arrival(state)

  const start = performance.now()
  await authenticate(
    agent,
    { id, state, verifier, jar: new CookieJar() },
    subject.agents[index % subject.agents.length],
  )
  return (await arrived) - start
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildConsole } from '../console/build.ts'
import { launchBrowser } from '../examples/agent/browser.ts'
import { operatorPrincipal } from '../server/src/accounts/admin-key.ts'
import { createClient } from '../server/src/identity/clients.ts'
import { startServer } from '../server/src/server.ts'
import { type Clock, demonstrate } from './demonstration.ts'

/** `npm run docs`: the pictures of the README, taken of the running product. */
const PORT = 4790
const ISSUER = `http://localhost:${PORT}`
const CALLBACK = 'http://localhost:4791/callback'
const PKCE_CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const SCREENS = { overview: '', agents: '/agents', 'sign-ins': '/sign-ins', audit: '/audit' } as const

const folder = mkdtempSync(join(tmpdir(), 'auth-agent-screenshots-'))
const clock: Clock = { now: Date.now() }
await buildConsole()
const server = await startServer(
  { PORT: String(PORT), DATABASE_URL: `sqlite:${folder}/shots.db`, LOG_LEVEL: 'silent' },
  { now: () => clock.now },
)
const browser = await launchBrowser()
try {
  const cookie = await demonstrate(server, clock)
  for (const colorScheme of ['light', 'dark'] as const) {
    const look = { colorScheme, reducedMotion: 'reduce' as const }
    const waiting = await browser.newPage({ ...look, viewport: { width: 1100, height: 720 } })
    await waiting.goto(await authorizeUrl())
    await waiting.screenshot({ path: picture('waiting', colorScheme) })

    const context = await browser.newContext({ ...look, viewport: { width: 1280, height: 860 } })
    await context.addCookies(cookie.split('; ').map(asCookie))
    const page = await context.newPage()
    for (const [name, path] of Object.entries(SCREENS)) {
      await page.goto(`${ISSUER}/console${path}`)
      await page.locator('main [aria-busy=true]').waitFor({ state: 'detached' })
      await page.waitForTimeout(1000)
      await page.screenshot({ path: picture(name, colorScheme) })
    }
  }
} finally {
  await browser.close()
  await server.close()
  rmSync(folder, { recursive: true })
}

async function authorizeUrl(): Promise<string> {
  const website = { client_name: 'Fieldnotes', redirect_uris: [CALLBACK] }
  const client = await createClient(server.deps, website, operatorPrincipal(server.deps))
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: CALLBACK,
    code_challenge: PKCE_CHALLENGE,
    code_challenge_method: 'S256',
  })
  return `${ISSUER}/authorize?${query}`
}

function asCookie(pair: string) {
  const [name = '', value = ''] = pair.split(/=(.*)/s)
  return { name, value, url: ISSUER }
}

function picture(name: string, colorScheme: string): string {
  return join(import.meta.dirname, `images/${name}-${colorScheme}.png`)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchBrowser } from '../examples/agent/browser.ts'
import { operatorPrincipal } from '../server/src/accounts/admin-key.ts'
import { createAgent } from '../server/src/identity/agents.ts'
import { createClient } from '../server/src/identity/clients.ts'
import { startServer } from '../server/src/server.ts'

/** `npm run docs`: the pictures of the README, taken of the running product. */
const PORT = 4790
const CALLBACK = 'http://localhost:4791/callback'
const PKCE_CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

const folder = mkdtempSync(join(tmpdir(), 'auth-agent-screenshots-'))
const server = await startServer({ PORT: String(PORT), DATABASE_URL: `sqlite:${folder}/shots.db`, LOG_LEVEL: 'silent' })
const browser = await launchBrowser()
try {
  const website = { client_name: 'Fieldnotes', redirect_uris: [CALLBACK] }
  const client = await createClient(server.deps, website, operatorPrincipal(server.deps))
  await createAgent(server.deps, { user_email: 'ada@example.com', user_name: 'Ada' }, operatorPrincipal(server.deps))
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: CALLBACK,
    code_challenge: PKCE_CHALLENGE,
    code_challenge_method: 'S256',
  })
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 720 }, reducedMotion: 'reduce' })
    await page.goto(`http://localhost:${PORT}/authorize?${query}`)
    await page.screenshot({ path: join(import.meta.dirname, `images/waiting-${colorScheme}.png`) })
  }
} finally {
  await browser.close()
  await server.close()
  rmSync(folder, { recursive: true })
}

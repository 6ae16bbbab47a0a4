import type { Page } from 'playwright-core'

const issuer = process.env.ISSUER ?? 'http://localhost:4000'

/** Call this when the browser shows the waiting page, after the click on "Sign in with Auth Agent". */
export async function signIn(page: Page): Promise<void> {
  await page.waitForSelector('#auth-agent-request', { state: 'attached' })
  // The address bar, not the page, says who is asking for the secret.
  if (new URL(page.url()).origin !== new URL(issuer).origin) throw new Error(`Not the issuer: ${page.url()}`)
  const request = JSON.parse((await page.textContent('#auth-agent-request')) ?? '')

  // `page.context().request` sends the browser's cookies along: the proof that this is the browser that asked.
  const answer = await page.context().request.post(`${issuer}/api/agent/authenticate`, {
    data: {
      request_id: request.request_id,
      agent_id: process.env.AGENT_ID,
      agent_secret: process.env.AGENT_SECRET,
      model: process.env.AGENT_MODEL,
    },
  })
  if (!answer.ok()) throw new Error((await answer.json()).error_description)
  await page.waitForURL((url) => url.origin !== new URL(issuer).origin)
}

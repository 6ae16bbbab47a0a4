import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const issuer = process.env.ISSUER ?? 'http://localhost:4000'
const callback = process.env.CALLBACK ?? 'http://localhost:3000/callback'
const clientId = process.env.CLIENT_ID ?? ''
const clientSecret = process.env.CLIENT_SECRET ?? ''

/** What the callback has to find again, by the browser's session cookie. Keep it on the server. */
const sessions = new Map<string, { verifier: string; state: string }>()

createServer((request, response) => {
  answer(request, response).catch((error: Error) => response.writeHead(400).end(`Cannot sign in: ${error.message}`))
}).listen(new URL(callback).port)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', callback)
  if (url.pathname === '/login') {
    const [id, verifier, state] = [random(), random(), random()]
    sessions.set(id, { verifier, state })
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: callback,
      scope: 'openid profile email agent-fuel usage-tracking',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state,
    })
    const cookie = `session=${id}; HttpOnly; SameSite=Lax; Path=/`
    response.writeHead(303, { location: `${issuer}/oauth/authorize?${query}`, 'set-cookie': cookie }).end()
  } else if (url.pathname === '/callback') {
    const id = /session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    const session = sessions.get(id)
    sessions.delete(id)
    if (!session || url.searchParams.get('state') !== session.state)
      throw new Error('it was not started in this browser')
    if (url.searchParams.get('iss') !== issuer) throw new Error('the answer is of somebody else')
    const refused = url.searchParams.get('error')
    if (refused) throw new Error(refused)

    const key = await exchange(url.searchParams.get('code') ?? '', session.verifier)
    // Keep key.access_token with the user, sealed: it calls models on their budget, until they withdraw it.
    response.end(`Hello ${key.user_info.email}, you have ${key.user_info.credits} cents`)
  } else {
    response.setHeader('content-type', 'text/html').end('<a href="/login">Sign in with Auth Agent</a>')
  }
}

interface Key {
  access_token: string
  scope: string
  user_info: { id: string; email: string; credits: number; granted_promo: boolean }
}

async function exchange(code: string, verifier: string): Promise<Key> {
  const answer = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, code_verifier: verifier }),
  })
  const body = (await answer.json()) as Key & { error_description?: string }
  if (!answer.ok) throw new Error(body.error_description)
  return body
}

function random(): string {
  return randomBytes(32).toString('base64url')
}

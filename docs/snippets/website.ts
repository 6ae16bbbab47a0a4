import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as oidc from 'openid-client'

const callback = process.env.CALLBACK ?? 'http://localhost:3000/callback'
const issuer = await oidc.discovery(
  new URL(process.env.ISSUER ?? 'http://localhost:4000'),
  process.env.CLIENT_ID ?? '',
  process.env.CLIENT_SECRET,
  undefined,
  { execute: [oidc.allowInsecureRequests] }, // for http on localhost; leave it out with https
)

/** What the callback has to find again, by the browser's session cookie. */
const sessions = new Map<string, { verifier: string; state: string; nonce: string }>()

createServer((request, response) => {
  answer(request, response).catch((error: Error) => response.writeHead(400).end(`Cannot sign in: ${error.message}`))
}).listen(new URL(callback).port)

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', callback)
  if (url.pathname === '/login') {
    const session = { verifier: oidc.randomPKCECodeVerifier(), state: oidc.randomState(), nonce: oidc.randomNonce() }
    const id = oidc.randomState()
    sessions.set(id, session)
    const location = oidc.buildAuthorizationUrl(issuer, {
      redirect_uri: callback,
      scope: 'openid profile email',
      code_challenge: await oidc.calculatePKCECodeChallenge(session.verifier),
      code_challenge_method: 'S256',
      state: session.state,
      nonce: session.nonce,
    })
    response
      .writeHead(303, { location: location.href, 'set-cookie': `session=${id}; HttpOnly; SameSite=Lax; Path=/` })
      .end()
  } else if (url.pathname === '/callback') {
    const id = /session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    const session = sessions.get(id)
    sessions.delete(id)
    if (!session) throw new Error('it was not started in this browser')
    const tokens = await oidc.authorizationCodeGrant(issuer, url, {
      pkceCodeVerifier: session.verifier,
      expectedState: session.state,
      expectedNonce: session.nonce,
    })
    const agent = tokens.claims()
    response.end(`Hello ${agent?.name} (${agent?.sub}), running on ${agent?.model}`)
  } else {
    response.setHeader('content-type', 'text/html').end('<a href="/login">Sign in with Auth Agent</a>')
  }
}

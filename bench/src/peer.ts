import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Connection } from './connection.ts'
import { CookieJar } from './cookie-jar.ts'
import { databaseBytes } from './database-size.ts'
import type { PeerSettings } from './peer/settings.ts'
import { authorizationRequest } from './pkce.ts'
import { expectStatus, get, location, postForm } from './request.ts'
import { freePort, startProcess } from './server-process.ts'
import type { Client, Granted, Side } from './side.ts'

const ACCOUNTS = 16

export type PeerKind = 'durable' | 'memory'

/** node-oidc-provider in a process of its own, with a durable database or its own memory. */
export async function startPeer(kind: PeerKind, options: { folder: string; redirectUri: string }): Promise<Side> {
  const settings = await peerSettings(kind, options)
  const server = await startProcess(settings.port, {
    entry: new URL('./peer/main.ts', import.meta.url),
    env: { PEER_SETTINGS: JSON.stringify(settings), NODE_ENV: 'production' },
    readyPath: '/.well-known/openid-configuration',
  })
  const { redirectUri, databasePath } = settings
  return {
    name: kind,
    server,
    endpoints: { token: '/token', introspection: '/token/introspection' },
    client: { ...settings.clients.jwt, redirectUri },
    opaqueClient: { ...settings.clients.opaque, redirectUri },
    signIn: (connection, client, index) => signIn(settings, connection, client, index),
    ...(databasePath === undefined ? {} : { databaseBytes: () => databaseBytes(databasePath) }),
  }
}

async function peerSettings(kind: PeerKind, { folder, redirectUri }: { folder: string; redirectUri: string }) {
  const settings: PeerSettings = {
    port: await freePort(),
    redirectUri,
    clients: { jwt: credential('website-jwt'), opaque: credential('website-opaque') },
    accounts: Array.from({ length: ACCOUNTS }, (_, index) => credential(`account-${index}`)),
  }
  return kind === 'memory' ? settings : { ...settings, databasePath: join(folder, 'peer.db') }
}

function credential(id: string) {
  return { id, secret: randomBytes(32).toString('base64url') }
}

/** Its login page itself is not asked for: ours is, so this is one request in the peer's favour. */
async function signIn(settings: PeerSettings, connection: Connection, client: Client, index: number): Promise<Granted> {
  const jar = new CookieJar()
  // Without `prompt=consent` it grants no offline access (OpenID Connect Core section 11).
  const request = authorizationRequest(client, { prompt: 'consent' })
  const login = await redirected(connection, jar, get(`/auth?${request.query}`))

  const account = settings.accounts[index % settings.accounts.length]
  const form = `account=${account?.id}&secret=${account?.secret}`
  const resume = await redirected(connection, jar, postForm(login.pathname, form, jar.headers(login.pathname)))

  const website = await redirected(connection, jar, get(resume.pathname, jar.headers(resume.pathname)))
  return { code: received(website, request.state), verifier: request.verifier }
}

async function redirected(connection: Connection, jar: CookieJar, request: string): Promise<URL> {
  const reply = await connection.send(request)
  expectStatus(reply, 303)
  jar.take(reply)
  return location(reply)
}

function received(website: URL, state: string): string {
  const code = website.searchParams.get('code')
  if (!code || website.searchParams.get('state') !== state) throw new Error(`No code in ${website}`)
  return code
}

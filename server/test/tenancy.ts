import { expect } from 'vitest'
import { providerKeyRecord } from '../src/models/fuel/provider-keys.ts'
import { insertPasskey } from '../src/storage/passkeys.ts'
import { saveProviderKey } from '../src/storage/provider-keys.ts'
import { callOf, spend } from './fuel-calls.ts'
import {
  type AgentCredentials,
  type Answer,
  authorizePath,
  type Browser,
  CALLBACK,
  type Credentials,
  locationOf,
  newPkce,
  type Person,
  type TestServer,
} from './harness.ts'

export const NAMES = ['Alpha', 'Beta'] as const
export type TenantName = (typeof NAMES)[number]

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Somebody who calls the API, by whatever credential. */
export interface Caller {
  who: string
  send(method: string, path: string, body?: unknown): Promise<Answer>
}

export interface Made {
  key_id: string
  api_key: string
}

/** An organization with one of everything. */
export interface Tenant {
  name: TenantName
  orgId: string
  admin: Person
  member: Person
  viewer: Person
  /** With `manage`; by the role of whom they are of. */
  keys: { admin: Made; member: Made; viewer: Made }
  /** Of the administrator, without `manage`. */
  plainKey: Made
  /** The administrator's. */
  agent: AgentCredentials
  /** The member's; asks a person each time. */
  careful: AgentCredentials
  website: Credentials
  /** Signs in people and holds keys of them; the administrator has approved it. */
  app: Credentials
  appKey: string
  tokens: { access_token: string; refresh_token: string; id_token: string }
  grantId: string
  /** Waits for a person. */
  waitingId: string
  /** Went through. */
  signInId: string
  invitation: { invitation_id: string; email: string; token: string }
  sessionId: string
  passkeyId: string
  /** An account of the administrator's at a provider, and who else may use it. */
  connectionId: string
  connectionGrantId: string
  webhookId: string
  /** Of somebody else's, with a header of the organization's. */
  mcpServerId: string
  /** Where the administrator has a key of their own; they have called a model, by their agent through the app. */
  providerId: string
}

/** The answer of a call that has to go well. */
export async function well(answer: Promise<Answer>, status: number) {
  const { status: got, body, text } = await answer
  if (got !== status) throw new Error(`${got} rather than ${status}: ${text}`)
  return body
}

export function callerOf(server: TestServer, who: string, key: string): Caller {
  return {
    who,
    send: (method, path, body) =>
      server.request(path, {
        method,
        headers: { ...bearer(key), ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  }
}

export function sessionOf(who: string, window: Browser): Caller {
  return { who, send: (method, path, body) => window.send(method, path, body) }
}

/** The name as it stands in addresses. */
const hostOf = (name: TenantName) => `${name.toLowerCase()}.example`
export const emailOf = (name: TenantName, who: string) => `${who}@${hostOf(name)}`

/** The last path in the mails to an address that matches. */
export async function mailedLink(server: TestServer, to: string, path: string): Promise<string> {
  const { data } = await well(server.admin('GET', `/dev-inbox?to=${encodeURIComponent(to)}`), 200)
  const links = (data as { links: string[] }[]).flatMap((mail) => mail.links)
  const link = links.find((one) => new URL(one).pathname.startsWith(path))
  if (!link) throw new Error(`no link to ${path} in the mail to ${to}`)
  return link
}

/** The person opens the link that proves their address. */
export async function prove(server: TestServer, person: Person): Promise<void> {
  const answer = await person.get(await mailedLink(server, person.email, '/api/auth/verify-email'))
  expect([answer.status, answer.headers.get('location')]).toEqual([303, expect.not.stringContaining('error=')])
}

export async function invite(admin: Browser, email: string, role: string) {
  const body = await well(admin.send('POST', '/api/invitations', { email, role }), 201)
  return { ...body, token: new URL(body.link).searchParams.get('token') ?? '' } as Tenant['invitation']
}

export async function join(admin: Browser, person: Person, role: string): Promise<void> {
  const { token } = await invite(admin, person.email, role)
  await well(person.send('POST', '/api/invitations/accept', { token }), 200)
}

/** After so long that the session has ended. */
export async function signInAgain(...people: Person[]): Promise<void> {
  for (const person of people)
    await well(person.send('POST', '/api/auth/sign-in/email', { email: person.email, password: person.password }), 200)
}

export async function newKey(of: Browser, name: string, scopes = ['manage']): Promise<Made> {
  return well(of.send('POST', '/api/api-keys', { name, scopes }), 201)
}

export const hidden = (html: string, name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(html)?.[1] ?? ''

/** A person lets an app in, up to the code that it gets. */
export async function codeForApp(window: Browser, app: Credentials, params: Record<string, string> = {}) {
  const pkce = newPkce()
  const page = await window.get(authorizePath(app.client_id, pkce, params))
  const answered =
    page.status === 200
      ? await window.post('/authorize/person', {
          request_id: hidden(page.text, 'request_id'),
          token: hidden(page.text, 'token'),
          decision: 'approve',
        })
      : page
  const website = locationOf(await window.get(locationOf(answered).href.replace('&via=form', '')))
  return { code: website.searchParams.get('code') ?? '', verifier: pkce.verifier }
}

export async function letIn(server: TestServer, window: Browser, app: Credentials) {
  return well(server.exchange(app, await codeForApp(window, app)), 200)
}

/** An agent proves itself, and a person is asked. */
export async function waits(server: TestServer, agent: AgentCredentials, website: Credentials) {
  const window = server.browser()
  const { requestId, pkce } = await window.open(website.client_id)
  const { body } = await server.authenticate(requestId, agent, {}, { cookie: window.cookies() })
  expect(body).toEqual({ success: true, status: 'approval_required' })
  return { window, requestId, pkce }
}

export const newApp = {
  redirect_uris: [CALLBACK],
  subjects: ['user'],
  access_token_format: 'api_key',
  scope: 'openid email agent-fuel usage-tracking',
}

export async function newTenant(server: TestServer, name: TenantName): Promise<Tenant> {
  const person = (who: string) => server.person({ name: `${who} of ${name}`, email: emailOf(name, who) })
  const admin = await person('admin')
  await well(admin.send('PUT', '/api/organization', { name: `${name} Works` }), 200)
  const me = await well(admin.get('/api/me'), 200)
  const [member, viewer] = [await person('member'), await person('viewer')]
  await join(admin, member, 'member')
  // Who only looks on cannot make a key, but may have made one before.
  await join(admin, viewer, 'member')
  const keys = {
    admin: await newKey(admin, `${name} admin`),
    member: await newKey(member, `${name} member`),
    viewer: await newKey(viewer, `${name} viewer`),
  }
  await well(admin.send('PUT', `/api/members/${viewer.id}`, { role: 'viewer' }), 200)

  const made = (of: Person, path: string, body: object) => well(of.send('POST', path, body), 201)
  const agent = await made(admin, '/api/agents', { agent_name: `${name} buyer` })
  const careful = await made(member, '/api/agents', { agent_name: `${name} careful`, approval: 'always' })
  const website = await made(member, '/api/clients', { client_name: `${name} shop`, redirect_uris: [CALLBACK] })
  const app = await made(admin, '/api/clients', { client_name: `${name} app`, ...newApp })
  const { access_token: appKey } = await letIn(server, admin, app)
  const tokens = await server.tokens(website, agent)
  const { requestId: waitingId } = await waits(server, careful, website)

  const { connection_id: connectionId } = await made(admin, '/api/connections/api-key', {
    provider_name: 'openai',
    api_key: `key-of-${name}`,
    account: `account of ${name}`,
  })
  const { grant_id: connectionGrantId } = await made(admin, '/api/connection-grants', {
    connection_id: connectionId,
    agent_id: agent.agent_id,
    raw_token: false,
  })

  const { webhook_id: webhookId } = await made(admin, '/api/webhooks', { url: `https://${name}.example/hook` })

  const { id: mcpServerId } = await made(admin, '/api/v1/mcp/servers', {
    name: `${name} tools`,
    transport: 'streamable-http',
    url: `https://${hostOf(name)}/mcp`,
    headers: { 'x-key': `header-of-${name}` },
  })

  const providerId = `${name.toLowerCase()}-models`
  await server.admin('POST', '/model-providers', { id: 'own', kind: 'openai', models: [{ id: 'gpt-5' }] })
  // At a provider that is gone again: those that are there are everybody's.
  const { ring, db } = server.deps
  const key_sealed = ring.seal(`sk-of-${name}`, providerKeyRecord(admin.id, providerId))
  const ofProvider = { user_id: admin.id, provider_id: providerId, key_sealed, last_four: '' }
  await db.write(({ trx }) => saveProviderKey(trx, { ...ofProvider, created_at: 0, updated_at: 0 }))
  const called = { org_id: me.organization.id, client_id: app.client_id, agent_id: agent.agent_id }
  const call = callOf(admin.id, {
    ...called,
    key_id: keys.admin.key_id,
    model_asked: `${name}-model`,
    payment_method: 'byok',
  })
  await spend(server.deps, call, 0, { model_served: null })

  const [grant] = (await well(admin.get(`/api/tokens?agent_id=${agent.agent_id}`), 200)).data
  return {
    name,
    orgId: me.organization.id,
    admin,
    member,
    viewer,
    keys,
    plainKey: await newKey(admin, `${name} plain`, ['agent-fuel', 'usage-tracking', 'connections']),
    agent,
    careful,
    website,
    app,
    appKey,
    tokens,
    grantId: grant.grant_id,
    waitingId,
    signInId: grant.request_id,
    invitation: await invite(admin, emailOf(name, 'guest'), 'viewer'),
    sessionId: me.session.id,
    passkeyId: await newPasskey(server, admin, `${name} passkey`),
    connectionId,
    connectionGrantId,
    webhookId,
    mcpServerId,
    providerId,
  }
}

/** As if an authenticator had made it. */
async function newPasskey(server: TestServer, { id: user_id }: Person, name: string): Promise<string> {
  const id = `passkey_of_${user_id}`
  const key = {
    public_key: 'AA',
    counter: 0,
    device_type: 'singleDevice',
    backed_up: 0,
    transports: null,
    aaguid: null,
  }
  await server.deps.db.write(async ({ trx }) => {
    await insertPasskey(trx, { id, user_id, name, credential_id: id, ...key, created_at: server.deps.now() })
  })
  return id
}

/** Everybody of an organization, by session and by key. */
export function callersOf(server: TestServer, tenant: Tenant): Caller[] {
  return (['admin', 'member', 'viewer'] as const).flatMap((role) => [
    sessionOf(`${tenant.name} ${role}`, tenant[role]),
    callerOf(server, `key of ${tenant.name} ${role}`, tenant.keys[role].api_key),
  ])
}

/** What a tenant's people can read of it. */
export const READS = [
  '/api/me',
  '/api/sessions',
  '/api/apps',
  '/api/organization',
  '/api/members?limit=200',
  '/api/invitations?limit=200',
  '/api/overview',
  '/api/agents?limit=200',
  '/api/tokens?limit=200',
  '/api/clients?limit=200',
  '/api/sign-ins?limit=200',
  '/api/approvals?limit=200',
  '/api/approvals?limit=200&status=decided',
  '/api/api-keys',
  '/api/connections?limit=200',
  '/api/connection-grants?limit=200',
  '/api/v1/mcp/servers?limit=200',
  '/api/usage?group_by=agent',
  '/api/usage/receipts?limit=200',
  '/api/usage/receipts.csv',
  '/api/provider-keys',
  '/api/audit-log?limit=200',
  '/api/audit-log/export?format=json',
  '/api/audit-log/export?format=csv',
] as const

const IDS = /\b(?:agent|client|req|grant|user|org|key|inv|ses|sec|acct|conn|cgrant|wh|mcp|use)_[0-9a-z]{26,40}\b/g

const ADDRESSES = /198\.51\.100\.\d+/g

export type Marks = (text: string) => string[]

/** Tells what of a tenant stands in a text: its ids, names and addresses, but those that others may know. */
export async function marksOf(server: TestServer, tenant: Tenant, known: readonly string[]): Promise<Marks> {
  const ids = new Set([tenant.orgId, tenant.invitation.invitation_id, tenant.passkeyId])
  const addresses = new Set<string>()
  for (const caller of callersOf(server, tenant).filter(({ who }) => !who.startsWith('key')))
    for (const path of READS) {
      const { text } = await caller.send('GET', path)
      for (const id of text.match(IDS) ?? []) ids.add(id)
      if (path === '/api/sessions') for (const address of text.match(ADDRESSES) ?? []) addresses.add(address)
    }
  for (const id of known) ids.delete(id)
  // What has no letter of its own beside it, so that one is not found in another.
  const signs = [...ids, ...[...addresses].map((address) => address.replaceAll('.', '\\.'))]
  const pattern = new RegExp(`\\b(?:${signs.join('|')}|${tenant.name}\\w*|${hostOf(tenant.name)})\\b`, 'gi')
  return (text) => [...new Set(text.match(pattern) ?? [])]
}

/** Every row that names a tenant, by table. */
export async function rowsOf(server: TestServer, marks: Marks): Promise<string[]> {
  const { read } = server.deps.db
  const tables = (await read.introspection.getTables()).map(({ name }) => name).sort()
  const rows: string[] = []
  for (const table of tables) {
    const all = await read
      .selectFrom(table as 'agent')
      .selectAll()
      .execute()
    // A key that is used is noted, aside of what it is used for.
    const noted = /"last_used_at":\d+/
    rows.push(...all.map((row) => `${table} ${JSON.stringify(row).replace(noted, '"last_used_at":null')}`))
  }
  return rows.filter((row) => marks(row).length > 0).sort()
}

export interface Heard {
  event: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at answers as a client would, without a schema.
  data?: any
}

/** The stream of sign-ins, one event a time; undefined once it has ended. */
export async function hearStream(server: TestServer, headers: Record<string, string>) {
  const response = await server.app.request('/api/sign-ins/stream', { headers })
  expect(response.status).toBe(200)
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader()
  const decoder = new TextDecoder()
  let text = ''

  async function next(): Promise<Heard | undefined> {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1]
        const [event, data] = [field('event'), field('data')]
        // A comment keeps the line open.
        if (event !== undefined) return { event, ...(data !== undefined && { data: JSON.parse(data) }) }
        continue
      }
      const { done, value } = await reader.read()
      if (done) return undefined
      text += decoder.decode(value, { stream: true })
    }
  }
  return { next, close: () => reader.cancel() }
}

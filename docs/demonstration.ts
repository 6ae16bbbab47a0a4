import { createHash, randomBytes } from 'node:crypto'
import type { RunningServer } from '../server/src/server.ts'

const DAY_MS = 86_400_000
const WEBSITES = [
  ['Fieldnotes', 'https://fieldnotes.example/callback'],
  ['Ledgerline', 'https://app.ledgerline.example/auth/callback'],
  ['Paperboy', 'https://paperboy.example/oauth/callback'],
] as const
const MODELS = ['claude-sonnet-4-5', 'gpt-5', 'gemini-2.5-pro'] as const
/** Sign-ins a day, oldest first; every seventh is refused. */
const DAYS = [3, 5, 4, 8, 6, 2, 3, 9, 11, 8, 12, 7, 5, 9]

export interface Clock {
  now: number
}

interface Agent {
  agent_id: string
  agent_secret: string
}

interface Client {
  client_id: string
  client_secret: string
  redirect_uri: string
}

/** Fills an empty server with two weeks of an organization's life, through its own API. The cookie of who works there. */
export async function demonstrate(server: RunningServer, clock: Clock): Promise<string> {
  const present = clock.now
  const { issuer } = server.deps.config
  const person = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery' }
  clock.now = present - DAYS.length * DAY_MS
  const cookie = await openSession(issuer, 'sign-up', person)
  await confirmAddress(server, person.email)
  const post = async <T>(path: string, body: object): Promise<T> => {
    const headers = { cookie, 'content-type': 'application/json' }
    const answer = await fetch(`${issuer}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  const agent = (settings: object): Promise<Agent> => post('/api/agents', { same_browser: 'off', ...settings })
  const shopper = await agent({ agent_name: 'Shopper', model: MODELS[0] })
  const researcher = await agent({ agent_name: 'Researcher', model: MODELS[1] })
  const treasurer = await agent({ agent_name: 'Treasurer', model: MODELS[2], approval: 'always' })
  const clients: Client[] = []
  for (const [client_name, redirect_uri] of WEBSITES)
    clients.push({
      ...(await post<Client>('/api/clients', { client_name, redirect_uris: [redirect_uri] })),
      redirect_uri,
    })

  for (const [day, count] of DAYS.entries())
    for (let nth = 0; nth < count; nth++) {
      clock.now = present - (DAYS.length - 1 - day) * DAY_MS - (count - nth) * 1_900_000
      const client = clients[(day + nth) % clients.length] as Client
      const by = (day * 3 + nth) % 5 < 3 ? shopper : researcher
      const model = MODELS[nth % 2] as string
      const wrong = (day + nth) % 7 === 6
      await signIn(issuer, client, wrong ? { ...by, agent_secret: 'aas_rotated_away' } : by, model, clock)
    }
  clock.now = present - 95_000
  await signIn(issuer, clients[1] as Client, treasurer, MODELS[2], clock)
  clock.now = present - 40_000
  await signIn(issuer, clients[0] as Client, shopper, MODELS[0], clock)
  clock.now = present
  // The first session has ended by now.
  return openSession(issuer, 'sign-in', person)
}

/** The cookie of who signs up, or in. */
async function openSession(issuer: string, how: 'sign-up' | 'sign-in', person: object): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${issuer}/api/auth/${how}/email`, {
    method: 'POST',
    headers,
    body: JSON.stringify(person),
  })
  if (!answer.ok) throw new Error(`${how}: ${answer.status} ${await answer.text()}`)
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ')
}

/** Follows the link of the mail, which lies in the development inbox. */
async function confirmAddress({ adminKey, deps: { config } }: RunningServer, email: string): Promise<void> {
  const headers = { authorization: `Bearer ${adminKey}` }
  const inbox = await fetch(`${config.issuer}/api/admin/dev-inbox?to=${email}`, { headers })
  const { data } = (await inbox.json()) as { data: { links: string[] }[] }
  await fetch(data[0]?.links[0] ?? '', { redirect: 'manual' })
}

/** One sign-in as browser, agent and website do it; it ends where the agent is refused, or has to wait. */
async function signIn(issuer: string, client: Client, agent: Agent, model: string, clock: Clock): Promise<void> {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const page = await fetch(`${issuer}/authorize?${query}`)
  const cookie = page.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
  const requestId = /req_[a-z0-9]+/.exec(await page.text())?.[0] ?? ''
  clock.now += 1200
  const proof = { request_id: requestId, agent_id: agent.agent_id, agent_secret: agent.agent_secret, model }
  const headers = { 'content-type': 'application/json', cookie }
  await fetch(`${issuer}/api/agent/authenticate`, { method: 'POST', headers, body: JSON.stringify(proof) })
  clock.now += 40
  const status = await fetch(`${issuer}/api/check-status?request_id=${requestId}`, { headers: { cookie } })
  const { code } = (await status.json()) as { code?: string }
  if (!code) return
  clock.now += 90
  const form = { grant_type: 'authorization_code', code, code_verifier: verifier }
  const { client_id, client_secret } = client
  await fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams({ ...form, client_id, client_secret }) })
}

import type { ServerProcess } from './server-process.ts'
import type { Subject } from './subject.ts'

/** Our server, a provider, and connections between them that an agent has made. */
export type Connected = {
  subject: Subject
  provider: ServerProcess
  /** The agent's own, as a header. */
  authorization: string
  connectionIds: string[]
}

const PROVIDER = 'bench'
const CONNECTIONS = 64

/** As people do it, but for the consent: the provider gives to everybody. */
export async function connect(subject: Subject, provider: ServerProcess): Promise<Connected> {
  await setUpProvider(subject, provider)
  const authorization = await authorize(subject)
  const connectionIds: string[] = []
  for (let index = 0; index < CONNECTIONS; index++) connectionIds.push(await consent(subject, authorization, index))
  return { subject, provider, authorization: `Authorization: ${authorization}`, connectionIds }
}

async function setUpProvider({ server, adminKey }: Subject, provider: ServerProcess): Promise<void> {
  const origin = `http://127.0.0.1:${provider.port}`
  await asked(server, '/api/admin/providers', 201, {
    authorization: `Bearer ${adminKey}`,
    body: JSON.stringify({
      name: PROVIDER,
      authorization_url: `${origin}/authorize`,
      token_url: `${origin}/token`,
      api_base_url: `${origin}/api`,
      client_id: 'bench',
      client_secret: 'bench-secret',
    }),
  })
}

async function authorize({ server, agents: [agent] }: Subject): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: agent?.id ?? '',
    client_secret: agent?.secret ?? '',
  })
  const { access_token } = await asked(server, '/token', 200, { body: form })
  return `Bearer ${access_token}`
}

async function consent({ server }: Subject, authorization: string, index: number): Promise<string> {
  const body = JSON.stringify({ user_id: `user-${index}`, provider_name: PROVIDER, scopes: ['read'] })
  const { state, connection_id } = await asked(server, '/v1/request-connection', 201, { authorization, body })
  const back = await fetch(`http://127.0.0.1:${server.port}/auth/callback/${PROVIDER}?state=${state}&code=bench`)
  if (back.status !== 200) throw new Error(`callback: ${back.status} ${await back.text()}`)
  return connection_id ?? ''
}

interface Asked {
  authorization?: string
  body: string | URLSearchParams
}

async function asked(
  { port }: ServerProcess,
  path: string,
  status: number,
  { authorization, body }: Asked,
): Promise<Record<string, string>> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(typeof body === 'string' && { 'content-type': 'application/json' }),
    },
    body,
  })
  const text = await answer.text()
  if (answer.status !== status) throw new Error(`POST ${path}: ${answer.status} ${text}`)
  return JSON.parse(text)
}

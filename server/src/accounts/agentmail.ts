import type { Deps } from '../context.ts'
import { sha256 } from '../crypto/jws.ts'
import { claimSetting, findSetting } from '../storage/settings.ts'
import type { MailContent } from './mail-templates.ts'

const TIMEOUT_MS = 10_000

/** `lasting`: the same mail would be refused again. */
export class MailServiceError extends Error {
  override readonly name = 'MailServiceError'
  readonly lasting: boolean

  constructor(message: string, { lasting, ...options }: ErrorOptions & { lasting: boolean }) {
    super(message, options)
    this.lasting = lasting
  }
}

type World = Pick<Deps, 'db' | 'orgId' | 'draining'>
export type AgentMail = NonNullable<Deps['config']['agentMail']>

/** By AgentMail's API. The key makes it one mail, however often it is sent: an answer may be lost, a process killed. */
export async function sendByAgentMail(
  world: World,
  service: AgentMail,
  { id, to, ...content }: MailContent & { id: string; to: string },
): Promise<void> {
  const inbox = await openInbox(world, service)
  const path = `/v0/inboxes/${encodeURIComponent(inbox)}/messages/send`
  await call(world, service, path, { to: [to], ...content }, { 'Idempotency-Key': id })
}

/** One inbox for the server, made by whoever sends first. Its `client_id` makes it the same for all who do at once. */
async function openInbox(world: World, service: AgentMail): Promise<string> {
  const { db, orgId } = world
  const setting = `agentmail_inbox:${sha256(`${service.baseUrl}\0${service.apiKey}`).slice(0, 16)}`
  const known = await findSetting(db.read, setting)
  if (known !== undefined) return known
  const made = await call(world, service, '/v0/inboxes', {
    client_id: `auth-agent-${orgId}`,
    display_name: 'Auth Agent',
  })
  const inbox = made.inbox_id
  if (typeof inbox !== 'string') throw new MailServiceError('AgentMail gave no inbox_id', { lasting: false })
  await db.write(({ trx }) => claimSetting(trx, setting, inbox))
  return inbox
}

async function call(
  { draining }: World,
  { baseUrl, apiKey }: AgentMail,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    redirect: 'error',
    // A server that stops does not wait for the mail: the next one sends it.
    signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), draining]),
  }).catch((cause: unknown) => {
    throw new MailServiceError('AgentMail cannot be reached', { lasting: false, cause })
  })
  if (!response.ok) {
    await response.body?.cancel()
    // What is wrong with this mail stays wrong; a wrong key, a limit or a fault of theirs can be mended.
    const lasting = response.status === 400 || response.status === 422
    throw new MailServiceError(`AgentMail answered ${response.status}`, { lasting })
  }
  return (await response.json().catch(() => ({}))) as Record<string, unknown>
}

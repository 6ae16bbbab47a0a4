import type { Deps } from '../context.ts'
import { startRounds } from '../resilience/rounds.ts'
import { claimMail, listDueMail, type MailRow, setMailFailed, setMailSent } from '../storage/mail.ts'
import { MailServiceError, sendByAgentMail } from './agentmail.ts'
import { MAIL_TOPIC, openMail } from './mail.ts'

const INTERVAL_MS = 10_000
const AT_ONCE = 10
/** A process that was killed over a mail has it given back after this. Longer than a call takes. */
const LEASE_MS = 60_000
const FIRST_RETRY_MS = 15_000
const LAST_RETRY_MS = 3_600_000
const MOST_ATTEMPTS = 12

type World = Pick<Deps, 'config' | 'db' | 'ring' | 'orgId' | 'now' | 'log' | 'draining'>

/** Delivers mail in this process, as it comes and by the clock, until the function returned is called. */
export function startMailDelivery(deps: World): () => Promise<void> {
  if (!deps.config.agentMail) {
    if (deps.config.production)
      deps.log.warn('no mail service is configured: nobody gets a link to confirm an address or to set a password')
    return async () => {}
  }
  return startRounds({
    everyMs: INTERVAL_MS,
    round: () => deliverDueMail(deps),
    subscribe: (due) => deps.db.subscribe(MAIL_TOPIC, due),
    log: deps.log,
    complaint: 'mail cannot be delivered',
  })
}

/** Tries everything that is due, once. How many were delivered. */
export async function deliverDueMail(deps: World): Promise<number> {
  let delivered = 0
  for (;;) {
    const due = await listDueMail(deps.db.read, deps.now(), AT_ONCE)
    for (const sent of await Promise.all(due.map((mail) => deliver(deps, mail)))) if (sent) delivered++
    if (due.length < AT_ONCE) return delivered
  }
}

/** A mail is claimed before it is sent, so that of two processes one sends it; the claim ends by itself. */
async function deliver(deps: World, mail: MailRow): Promise<boolean> {
  const { db, config, ring, now, log } = deps
  const service = config.agentMail
  if (!service || !(await db.write(({ trx }) => claimMail(trx, mail, now() + LEASE_MS)))) return false
  const { mail_id: id, recipient: to, subject } = mail
  try {
    await sendByAgentMail(deps, service, { id, to, subject, ...openMail(ring, mail) })
  } catch (error) {
    const attempts = mail.attempts + 1
    const lasting = attempts >= MOST_ATTEMPTS || (error instanceof MailServiceError && error.lasting)
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** mail.attempts)
    const reason = error instanceof Error ? error.message : 'unknown'
    await db.write(({ trx }) => setMailFailed(trx, id, reason, lasting ? null : now() + wait))
    log.warn({ mail_id: id, attempts, given_up: lasting, error }, 'a mail was not delivered')
    return false
  }
  await db.write(({ trx }) => setMailSent(trx, id, now()))
  return true
}

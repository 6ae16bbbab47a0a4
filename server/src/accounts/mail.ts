import type { Deps } from '../context.ts'
import { newTimedId } from '../crypto/ids.ts'
import type { KeyRing } from '../crypto/key-ring.ts'
import type { Work } from '../storage/database.ts'
import { insertMail, type MailRow } from '../storage/mail.ts'
import type { MailContent } from './mail-templates.ts'

/** For the rooms above, which have this to tell. */
export { approvalMail } from './mail-templates.ts'

export const MAIL_TOPIC = 'mail'

/** What the body of a mail is bound to. */
export const mailRecord = (mailId: string) => `mail:${mailId}`

/**
 * Puts a mail with what it tells of into one transaction. It is delivered by whichever process finds it; without a mail
 * service it stays where the development inbox reads it.
 */
export async function queueMail(
  { ring, random, config, now: clock }: Pick<Deps, 'ring' | 'random' | 'config' | 'now'>,
  { trx, notify }: Work,
  { to, subject, text, html }: MailContent & { to: string },
): Promise<void> {
  const now = clock()
  const mailId = newTimedId(random, 'mail', now)
  await insertMail(trx, {
    mail_id: mailId,
    recipient: to.toLowerCase(),
    // A line break would be another header.
    subject: subject.replace(/\s+/g, ' ').trim(),
    body_sealed: ring.seal(JSON.stringify({ text, html }), mailRecord(mailId)),
    created_at: now,
    next_attempt_at: config.agentMail ? now : null,
    attempts: 0,
    sent_at: null,
    last_error: null,
  })
  if (config.agentMail) notify(MAIL_TOPIC)
}

/** What a mail says; nothing once it was delivered. */
export function openMail(ring: KeyRing, { mail_id, body_sealed }: MailRow): { text: string; html: string } {
  if (body_sealed === '') return { text: '', html: '' }
  return JSON.parse(ring.unseal(body_sealed, mailRecord(mail_id)))
}

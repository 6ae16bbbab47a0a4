import type { Insertable, Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { MailTable } from './schema.ts'

export type MailRow = Selectable<MailTable>

export async function insertMail(trx: Db, mail: Insertable<MailTable>): Promise<void> {
  await trx.insertInto('mail').values(mail).execute()
}

/** Youngest first. */
export async function listMail(db: Db, recipient: string | undefined, limit: number): Promise<MailRow[]> {
  let query = db.selectFrom('mail').selectAll().orderBy('mail_id', 'desc').limit(limit)
  if (recipient !== undefined) query = query.where('recipient', '=', recipient)
  return query.execute()
}

/** What is due, oldest first. */
export async function listDueMail(db: Db, now: number, limit: number): Promise<MailRow[]> {
  return db
    .selectFrom('mail')
    .selectAll()
    .where('next_attempt_at', '<=', now)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute()
}

/** True for the one process that may send it now; nobody else tries before `until`. */
export async function claimMail(
  trx: Db,
  { mail_id, next_attempt_at }: Pick<MailRow, 'mail_id' | 'next_attempt_at'>,
  until: number,
): Promise<boolean> {
  const claimed = await trx
    .updateTable('mail')
    .set((e) => ({ next_attempt_at: until, attempts: e('attempts', '+', 1) }))
    .where('mail_id', '=', mail_id)
    .where('next_attempt_at', '=', next_attempt_at)
    .executeTakeFirst()
  return claimed.numUpdatedRows === 1n
}

/** What is delivered need not be kept: its links open accounts. */
export async function setMailSent(trx: Db, mailId: string, now: number): Promise<void> {
  await trx
    .updateTable('mail')
    .set({ sent_at: now, next_attempt_at: null, last_error: null, body_sealed: '' })
    .where('mail_id', '=', mailId)
    .execute()
}

export async function setMailFailed(
  trx: Db,
  mailId: string,
  error: string,
  nextAttemptAt: number | null,
): Promise<void> {
  await trx
    .updateTable('mail')
    .set({ last_error: error, next_attempt_at: nextAttemptAt })
    .where('mail_id', '=', mailId)
    .execute()
}

import type { Deps } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { listMail } from '../storage/mail.ts'
import { openMail } from './mail.ts'

const SHOWN = 50

/** Where mail stays while no service takes it. Not in production: its links open people's accounts. */
export function hasDevInbox({ config }: Pick<Deps, 'config'>): boolean {
  return !config.production && config.agentMail === undefined
}

export async function readDevInbox(deps: Deps, to: string | undefined) {
  if (!hasDevInbox(deps)) throw new ApiError('not_found', 'There is no development inbox where mail is delivered')
  const rows = await listMail(deps.db.read, to?.toLowerCase(), SHOWN)
  return {
    data: rows.map((row) => {
      const { text } = openMail(deps.ring, row)
      return {
        id: row.mail_id,
        to: row.recipient,
        subject: row.subject,
        text,
        links: text.match(/https?:\/\/\S+/g) ?? [],
        created_at: new Date(row.created_at).toISOString(),
      }
    }),
  }
}

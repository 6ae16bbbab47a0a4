import type { Context } from 'hono'
import type { Env } from '../context.ts'
import { page } from '../http/respond.ts'
import { noticePage } from '../pages/notice.ts'

export const START_AGAIN = 'Close this page, and start again where you came from.'

/** One answer for a state that is missing, unknown, foreign, used, too old, or another browser's. */
export function unknownState(c: Context<Env>): Response {
  const html = noticePage({
    nonce: c.get('nonce'),
    tone: 'error',
    title: 'Cannot connect',
    message:
      'This link belongs to no connection that waits in this browser: it was used already, it is too old, or it was begun in another browser.',
    next: START_AGAIN,
    reference: c.get('requestId'),
  })
  return page(c, html, { status: 400 })
}

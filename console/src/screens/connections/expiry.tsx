import { RelativeTime } from '../../components/relative-time.tsx'
import type { Connection } from '../../connections.ts'

/** Of the token that is in use now: we renew it before, so that its end is nothing to worry about. */
export function Expiry({ connection: { status, expires_at } }: { connection: Connection }) {
  if (status !== 'active') return <span>–</span>
  return <RelativeTime at={expires_at ?? null} />
}

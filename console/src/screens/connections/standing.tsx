import { RotateCw } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import type { Connection } from '../../connections.ts'

type Standing = Pick<Connection, 'status' | 'reason' | 'provider_label'>

/** How it stands, in a word or two. What ended and can be had again by one click is no failure to be looked into. */
export function ConnectionBadge({ connection: { status, reason } }: { connection: Standing }) {
  if (status === 'failed' && reason === 'reauth_required')
    return (
      <Badge tone="warning">
        <RotateCw aria-hidden />
        Reconnect
      </Badge>
    )
  return <StatusBadge status={status} />
}

const BRIEFLY: Record<NonNullable<Connection['reason']>, string> = {
  denied: 'consent refused',
  expired: 'no answer in time',
  exchange_failed: 'not completed',
  invalid_id_token: 'not verifiable',
  reauth_required: 'consent has ended',
}

/** The same for a row of a list. */
export function brieflyWhy({ status, reason }: Standing): string | undefined {
  if (status === 'pending') return 'for consent'
  return status === 'failed' && reason ? BRIEFLY[reason] : undefined
}

/** Why it does not work, for the person who can mend it. */
export function reasonOf({ status, reason, provider_label: provider }: Standing): string | undefined {
  if (status === 'pending') return `Somebody was sent to ${provider} and has not answered yet.`
  if (status !== 'failed') return undefined
  switch (reason) {
    case 'denied':
      return `Whoever was asked at ${provider} said no.`
    case 'expired':
      return `Nobody said yes at ${provider} in time.`
    case 'invalid_id_token':
      return `${provider} vouched for the account in a way that we cannot verify.`
    case 'reauth_required':
      return `${provider} accepts the old consent no longer: it was withdrawn there, or it has run out.`
    default:
      return `${provider} did not complete the connection.`
  }
}

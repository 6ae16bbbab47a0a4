import { useEffect, useRef } from 'react'
import type { Approval } from '../../approvals.ts'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { useMe } from '../../me.ts'

interface OutcomeProps {
  approval: Approval
  /** It was decided in this very card, whose buttons are gone now and had the focus. */
  here: boolean
}

/** What became of it, in the place of the buttons. */
export function Outcome({ approval, here }: OutcomeProps) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (here) place.current?.focus()
  }, [here])
  return (
    <div
      ref={place}
      tabIndex={-1}
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1.5 rounded-b-xl border-t bg-muted/60 px-4 py-3.5 outline-none sm:px-5"
    >
      <StatusBadge status={approval.status} />
      <p className="min-w-0 flex-1 text-[0.8125rem]">
        <Words approval={approval} here={here} />
      </p>
      {approval.decided_at && (
        <RelativeTime at={approval.decided_at} className="text-[0.8125rem] text-muted-foreground" />
      )}
    </div>
  )
}

function Words({ approval, here }: OutcomeProps) {
  const { user } = useMe()
  const { status, decided_by_name: name, client_name } = approval
  if (status === 'expired') return <>Nobody decided in time. The agent can start again at {client_name}.</>
  if (name === null) return <>Ended without a decision: the agent or the website was stopped meanwhile.</>
  // Names are not unique: what one did oneself in another tab is told by the name alone.
  const who = here ? 'You' : name === user.name ? `${name}, in another window,` : name
  return status === 'approved' ? (
    <>
      {who} let it in. The browser goes on to {client_name} by itself.
    </>
  ) : (
    <>
      {who} said no. {client_name} learned nothing.
    </>
  )
}

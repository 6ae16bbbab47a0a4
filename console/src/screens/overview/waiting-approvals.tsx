import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ShieldQuestion } from 'lucide-react'
import { type Approval, approvalsQuery } from '../../approvals.ts'
import { Button } from '../../components/button.tsx'
import { TimeLeft } from '../../components/time-left.tsx'
import { useDecides } from '../../use-manages.ts'

const MOST = 3

/** Someone stands at a door and waits: that comes before everything else. */
export function WaitingApprovals() {
  const { data = [], refetch } = useInfiniteQuery(approvalsQuery('pending'))
  const decides = useDecides()
  const waiting = data.filter(({ agent_id }) => decides(agent_id))
  if (waiting.length === 0) return null
  const more = waiting.length - MOST
  return (
    <section aria-labelledby="waiting" className="grid gap-3 rounded-xl bg-warning-ground p-4 sm:p-5">
      <h2 id="waiting" className="flex items-center gap-2 font-semibold text-warning">
        <ShieldQuestion className="size-5 shrink-0" aria-hidden />
        {waiting.length === 1
          ? 'A sign-in waits for your approval'
          : `${waiting.length} sign-ins wait for your approval`}
      </h2>
      <ul className="grid gap-2">
        {waiting.slice(0, MOST).map((approval) => (
          <li key={approval.request_id}>
            <Waiting approval={approval} onEnd={() => void refetch()} />
          </li>
        ))}
      </ul>
      {more > 0 && (
        <Link to="/approvals" className="link w-fit text-[0.8125rem]">
          And {more} more
        </Link>
      )}
    </section>
  )
}

function Waiting({ approval, onEnd }: { approval: Approval; onEnd: () => void }) {
  const agent = approval.agent_name ?? approval.agent_id
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border bg-card px-3 py-2.5">
      <p className="min-w-0 flex-1 basis-48">
        <bdi className="font-medium">{agent}</bdi> at <bdi className="font-medium">{approval.client_name}</bdi>{' '}
        <span className="font-mono text-xs text-muted-foreground">{approval.host}</span>
      </p>
      <TimeLeft until={approval.expires_at} onEnd={onEnd} />
      <Button size="sm" asChild>
        <Link
          to="/approvals"
          search={{ request_id: approval.request_id }}
          aria-label={`Decide about ${agent} at ${approval.client_name}`}
        >
          Decide
        </Link>
      </Button>
    </div>
  )
}

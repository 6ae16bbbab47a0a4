import { Link } from '@tanstack/react-router'
import { ShieldCheck } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { LoadMore } from '../../components/load-more.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Skeleton } from '../../components/skeleton.tsx'
import { usePermissions } from '../../me.ts'
import { ApprovalCard } from './approval-card.tsx'
import type { Queue } from './use-queue.ts'

interface ApprovalQueueProps {
  queue: Queue
  /** Shown above already. */
  without: string | undefined
}

export function ApprovalQueue({ queue: { pending, rows }, without }: ApprovalQueueProps) {
  const shown = rows.filter(({ request_id }) => request_id !== without)
  return (
    <Loaded query={pending} skeleton={<QueueSkeleton />}>
      {() =>
        shown.length === 0 ? (
          <Card>
            <NothingWaits others={without !== undefined} />
          </Card>
        ) : (
          <>
            <ul aria-label="Waiting approvals" className="grid gap-4">
              {shown.map((approval) => (
                <li key={approval.request_id} className="animate-rise">
                  <ApprovalCard approval={approval} />
                </li>
              ))}
            </ul>
            <LoadMore {...pending} shown={shown.length} />
          </>
        )
      }
    </Loaded>
  )
}

function NothingWaits({ others }: { others: boolean }) {
  const { canWrite } = usePermissions()
  return (
    <EmptyState
      icon={ShieldCheck}
      title={others ? 'Nothing else waits' : 'Nothing waits for you'}
      action={
        canWrite && (
          <Button variant="outline" asChild>
            <Link to="/agents">Choose who must ask</Link>
          </Button>
        )
      }
    >
      An agent asks here when its policy says so: the first time at a website, or every time. Its owner gets a mail too.
      What comes appears by itself.
    </EmptyState>
  )
}

function QueueSkeleton() {
  return (
    <div role="status" className="grid gap-4">
      <span className="sr-only">Loading the approvals</span>
      <Skeleton className="h-52 rounded-xl" />
      <Skeleton className="h-52 rounded-xl" />
    </div>
  )
}

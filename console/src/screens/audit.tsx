import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ScrollText, SearchX, ShieldCheck } from 'lucide-react'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { useSignInNews } from '../live.ts'
import { useNames } from '../names.ts'
import { useAct } from '../use-act.ts'
import { auditQuery, verifyLog } from './audit/audit-log.ts'
import { EventList } from './audit/event-list.tsx'
import { ExportMenu } from './audit/export-menu.tsx'
import { Clear, countOf, Filters } from './audit/filters.tsx'
import { Verification } from './audit/verification.tsx'

const route = getRouteApi('/shell/audit')

export function AuditScreen() {
  const filter = route.useSearch()
  const names = useNames()
  const events = useInfiniteQuery(auditQuery(filter))
  const verify = useAct({ act: async () => ({ verdict: await verifyLog(), at: new Date().toISOString() }) })
  useFollowing(events.data)

  return (
    <>
      <PageHeader
        title="Audit"
        description="What was done in this organization, by whom and when. Each event is chained to the one before it, so that a later change shows."
        actions={
          <>
            <ExportMenu filter={filter} />
            <Button variant="outline" pending={verify.pending} onClick={() => verify.run()}>
              <ShieldCheck aria-hidden />
              Verify
            </Button>
          </>
        }
      />
      <div role="status">{verify.data && <Verification {...verify.data} onClose={verify.reset} />}</div>
      <Filters names={names} />
      <ListCard label="Events" className="overflow-hidden">
        <Loaded query={events}>
          {(rows) =>
            rows.length === 0 ? (
              <Nothing filtered={countOf(filter) > 0} />
            ) : (
              <>
                <EventList events={rows} names={names} />
                <LoadMore {...events} shown={rows.length} />
              </>
            )
          }
        </Loaded>
      </ListCard>
    </>
  )
}

function Nothing({ filtered }: { filtered: boolean }) {
  if (!filtered)
    return (
      <EmptyState icon={ScrollText} title="Nothing has happened yet">
        Every sign-in of an agent, every change by a person and every refusal is written here, from the first one on.
      </EmptyState>
    )
  return (
    <EmptyState icon={SearchX} title="No event matches" action={<Clear />}>
      Nothing in the log fits all of the filters. Widen the time, or take one away.
    </EmptyState>
  )
}

/** Most of what is written here comes with a sign-in. Who has gone far down the list is left where they are. */
function useFollowing(rows: readonly unknown[] | undefined): void {
  const client = useQueryClient()
  useSignInNews(() => {
    if ((rows?.length ?? 0) <= PAGE) void client.invalidateQueries({ queryKey: ['audit'] }, { cancelRefetch: false })
  })
}

/** What the server gives at once. */
const PAGE = 50

import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { signInsQuery } from '../sign-ins.ts'
import { NoSignIns } from './sign-ins/empty.tsx'
import { filterOf, SignInFilters } from './sign-ins/filters.tsx'
import { LiveBadge, PauseButton } from './sign-ins/live-badge.tsx'
import { SignInSheet } from './sign-ins/sign-in-sheet.tsx'
import { SignInTable } from './sign-ins/sign-in-table.tsx'
import { useArrivals } from './sign-ins/use-arrivals.ts'
import { useHeld } from './sign-ins/use-held.ts'

const route = getRouteApi('/shell/sign-ins')

export function SignInsScreen() {
  const search = route.useSearch()
  const filter = filterOf(search)
  const query = useInfiniteQuery(signInsQuery(filter))
  const arrivals = useArrivals()
  const rows = query.data?.pages.flatMap(({ data }) => data)
  const { shown, waiting, held, hold, release } = useHeld(rows, JSON.stringify(filter))

  return (
    <>
      <PageHeader
        title="Sign-ins"
        description="Every sign-in at your websites, and of your agents wherever they go, as it happens."
        badge={<LiveBadge paused={held} />}
        actions={<PauseButton paused={held} waiting={waiting} onPause={hold} onResume={release} />}
      />
      <SignInFilters search={search} />
      <ListCard label="Sign-ins">
        <Loaded query={{ ...query, data: shown }}>
          {(signIns) =>
            signIns.length === 0 ? (
              <NoSignIns filtered={Object.keys(filter).length > 0} />
            ) : (
              <>
                <SignInTable signIns={signIns} arrivals={arrivals} />
                <LoadMore {...query} shown={signIns.length} />
              </>
            )
          }
        </Loaded>
      </ListCard>
      <SignInSheet
        requestId={search.request_id}
        known={rows?.find(({ request_id }) => request_id === search.request_id)}
      />
    </>
  )
}

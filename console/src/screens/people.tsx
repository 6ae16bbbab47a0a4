import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { SearchX, UsersRound } from 'lucide-react'
import { Button } from '../components/button.tsx'
import { Card } from '../components/card.tsx'
import { cn } from '../components/class-names.ts'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SearchField } from '../components/search-field.tsx'
import { useMe } from '../me.ts'
import { peopleQuery } from '../people.ts'
import { useSettled } from '../use-settled.ts'
import { PersonTable } from './people/person-table.tsx'

const DESCRIPTION =
  'Everybody with an account on this server, whatever organization they are in. Who is disabled does nothing more, nor does what acts for them.'

export function PeopleScreen() {
  const { operator } = useMe()
  return operator ? <AllPeople /> : <NotForYou />
}

function NotForYou() {
  return (
    <>
      <PageHeader title="People" description={DESCRIPTION} />
      <Card>
        <EmptyState icon={UsersRound} title="For whoever runs this server">
          Only administrators of the organization that this server belongs to see everybody on it. The people of your
          own organization are in Organization.
        </EmptyState>
      </Card>
    </>
  )
}

const route = getRouteApi('/shell/people')

function AllPeople() {
  const { search = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const setSearch = (text: string) =>
    void navigate({ search: { search: text || undefined }, replace: true, resetScroll: false })
  return (
    <>
      <PageHeader title="People" description={DESCRIPTION} />
      <SearchField label="Search people" value={search} onChange={setSearch} className="mb-4 sm:max-w-xs" />
      <ListCard label="People">
        <Found search={search} onClear={() => setSearch('')} />
      </ListCard>
    </>
  )
}

function Found({ search, onClear }: { search: string; onClear: () => void }) {
  const asked = useSettled(search.trim())
  // Who was found before stays until the next are there.
  const people = useInfiniteQuery({ ...peopleQuery(asked), placeholderData: keepPreviousData })
  const isOld = people.isPlaceholderData
  return (
    <Loaded query={people}>
      {(rows) => (
        <div aria-busy={isOld} className={cn('transition-opacity', isOld && 'opacity-60')}>
          <p role="status" className="sr-only">
            {asked === '' || isOld ? '' : countOf(rows.length, people.hasNextPage)}
          </p>
          {rows.length > 0 ? <PersonTable people={rows} /> : <Nobody onClear={onClear} />}
          {rows.length === 1 && asked === '' && <OnlyYou />}
          <LoadMore {...people} shown={rows.length} />
        </div>
      )}
    </Loaded>
  )
}

function countOf(count: number, hasMore: boolean): string {
  if (count === 1) return 'One person found'
  return hasMore ? `The first ${count} people found` : `${count} people found`
}

function Nobody({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState
      icon={SearchX}
      title="Nobody of that name"
      action={
        <Button variant="outline" onClick={onClear}>
          Show everybody
        </Button>
      }
    >
      Names and emails are searched, and whole ids.
    </EmptyState>
  )
}

function OnlyYou() {
  return (
    <p className="border-t px-5 py-4 text-muted-foreground">
      Nobody else is here yet. People come when they sign up, accept an invitation to an organization, or sign in to an
      app of this server.
    </p>
  )
}

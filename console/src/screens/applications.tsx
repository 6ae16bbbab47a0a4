import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import type { ReactNode } from 'react'
import { allApplicationsQuery, applicationsQuery } from '../applications.ts'
import { Button } from '../components/button.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SearchField } from '../components/search-field.tsx'
import { usePermissions } from '../me.ts'
import { ApplicationTable } from './applications/application-table.tsx'
import { NoApplications, NothingFound } from './applications/empty.tsx'
import { NewApplication } from './applications/new-application.tsx'
import { isFound } from './applications/search.ts'

const route = getRouteApi('/shell/applications')

export function ApplicationsScreen() {
  const { create, search = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const { canWrite } = usePermissions()

  // Both have an address, so that others can lead here; neither is a step that "back" has to undo.
  const setSearch = (text: string) =>
    void navigate({ search: (before) => ({ ...before, search: text || undefined }), replace: true })
  const setCreating = (open: boolean) =>
    void navigate({ search: (before) => ({ ...before, create: open ? 'true' : undefined }), replace: true })
  const register = canWrite && (
    <Button onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      Register application
    </Button>
  )

  return (
    <>
      <PageHeader
        title="Applications"
        description="The websites and apps that agents and people sign in to with Auth Agent."
        actions={register}
      />
      <SearchField label="Search applications" value={search} onChange={setSearch} className="mb-4 sm:max-w-xs" />
      <ListCard label="Applications">
        {search.trim() === '' ? <Pages action={register} /> : <Found search={search} onClear={() => setSearch('')} />}
      </ListCard>
      {canWrite && <NewApplication open={create === 'true'} onOpenChange={setCreating} />}
    </>
  )
}

function Pages({ action }: { action: ReactNode }) {
  const query = useInfiniteQuery(applicationsQuery)
  return (
    <Loaded query={query}>
      {(applications) =>
        applications.length === 0 ? (
          <NoApplications action={action} />
        ) : (
          <>
            <ApplicationTable applications={applications} />
            <LoadMore {...query} shown={applications.length} />
          </>
        )
      }
    </Loaded>
  )
}

/** Who searches means all of them, not those that happen to be there. */
function Found({ search, onClear }: { search: string; onClear: () => void }) {
  const query = useQuery(allApplicationsQuery)
  return (
    <Loaded query={query}>
      {(applications) => {
        const found = applications.filter((application) => isFound(application, search))
        if (found.length === 0) return <NothingFound search={search} onClear={onClear} />
        return <ApplicationTable applications={found} />
      }}
    </Loaded>
  )
}

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Cable, Plus, SearchX } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SearchField } from '../components/search-field.tsx'
import { allConnectionsQuery, type Connection, connectionsQuery, whilePending } from '../connections.ts'
import { usePermissions } from '../me.ts'
import { Connect } from './connections/connect.tsx'
import { ConnectionTable } from './connections/connection-table.tsx'
import { ReturnNotice } from './connections/return-notice.tsx'

const route = getRouteApi('/shell/connections')

export function ConnectionsScreen() {
  const { connect, search = '', status, error, connection_id } = route.useSearch()
  const navigate = route.useNavigate()
  const { canWrite } = usePermissions()

  // All of it has an address, so that others can lead here; none of it is a step that "back" has to undo.
  const setSearch = (text: string) =>
    void navigate({ search: (before) => ({ ...before, search: text || undefined }), replace: true, resetScroll: false })
  const setConnect = (at: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, connect: at }), replace: true, resetScroll: false })
  const closeNotice = () =>
    void navigate({ search: ({ connect, search }) => ({ connect, search }), replace: true, resetScroll: false })

  const connectButton = canWrite && (
    <Button onClick={() => setConnect('true')}>
      <Plus aria-hidden />
      Connect an account
    </Button>
  )
  const marked = status === undefined ? undefined : connection_id
  return (
    <>
      <PageHeader
        title="Connections"
        description="Accounts elsewhere that your agents may use. They call through here, and never see a password or a token unless you allow it."
        actions={connectButton}
      />
      {status !== undefined && (
        <ReturnNotice
          key={`${status} ${connection_id}`}
          status={status}
          error={error}
          connectionId={connection_id}
          onClose={closeNotice}
        />
      )}
      <SearchField label="Search connections" value={search} onChange={setSearch} className="mb-4 sm:max-w-xs" />
      <ListCard label="Connections">
        {search.trim() === '' ? (
          <Pages marked={marked} connectButton={connectButton} />
        ) : (
          <Found search={search} marked={marked} onClear={() => setSearch('')} />
        )}
      </ListCard>
      {canWrite && <Connect at={connect} onChange={setConnect} />}
    </>
  )
}

function Pages({ marked, connectButton }: { marked: string | undefined; connectButton: ReactNode }) {
  const connections = useInfiniteQuery({
    ...connectionsQuery,
    refetchInterval: ({ state }) => whilePending(state.data?.pages.flatMap(({ data }) => data) ?? []),
  })
  return (
    <Loaded query={connections}>
      {(rows) =>
        rows.length === 0 ? (
          <NoConnections action={connectButton} />
        ) : (
          <>
            <ConnectionTable connections={rows} marked={marked} />
            <LoadMore {...connections} shown={rows.length} />
          </>
        )
      }
    </Loaded>
  )
}

function NoConnections({ action }: { action: ReactNode }) {
  return (
    <EmptyState icon={Cable} title="No connections yet" action={action}>
      {action ? (
        <>
          A connection is an account of yours at a provider, such as a calendar or a code host, that you lend to your
          agents. You say yes once, at the provider; we keep its tokens encrypted and renew them. Agents call the
          provider through us, as far as you let them, and you can end it here at any time.
        </>
      ) : (
        'You look on in this organization, and viewers connect nothing. Ask an administrator to make you a member.'
      )}
    </EmptyState>
  )
}

interface FoundProps {
  search: string
  marked: string | undefined
  onClear: () => void
}

function Found({ search, marked, onClear }: FoundProps) {
  const connections = useQuery(allConnectionsQuery)
  return (
    <Loaded query={connections}>
      {(all) => {
        const rows = all.filter((connection) => isAbout(connection, search))
        return (
          <>
            <p role="status" className="sr-only">
              {rows.length === 1 ? 'One connection found' : `${rows.length} connections found`}
            </p>
            {rows.length > 0 ? (
              <ConnectionTable connections={rows} marked={marked} />
            ) : (
              <EmptyState
                icon={SearchX}
                title="No such connection"
                action={
                  <Button variant="outline" onClick={onClear}>
                    Show all connections
                  </Button>
                }
              >
                Providers, accounts, people and ids are searched.
              </EmptyState>
            )}
          </>
        )
      }}
    </Loaded>
  )
}

function isAbout(connection: Connection, search: string): boolean {
  const { provider_label, provider_name, account, user_id, connection_id, status } = connection
  const text = [provider_label, provider_name, account, user_id, connection_id, status].join(' ').toLowerCase()
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}

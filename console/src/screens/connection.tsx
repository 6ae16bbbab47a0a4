import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { RefreshCw, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../components/button.tsx'
import { DangerItem } from '../components/danger.tsx'
import { ListCard } from '../components/list-card.tsx'
import { Loaded } from '../components/loaded.tsx'
import { Notice } from '../components/notice.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { SkeletonRows } from '../components/skeleton.tsx'
import { type Connection, connectionQuery, whilePending } from '../connections.ts'
import { usePermissions } from '../me.ts'
import { ConnectionFacts } from './connection/facts.tsx'
import { Grants } from './connection/grants.tsx'
import { ProxyCall } from './connection/proxy-call.tsx'
import { useMayReconnect, useReconnect } from './connections/reconnect.ts'
import { RevokeConnection } from './connections/revoke-connection.tsx'
import { ConnectionBadge, reasonOf } from './connections/standing.tsx'
import { useMayRefresh, useRefresh } from './connections/use-refresh.ts'

const route = getRouteApi('/shell/connections/$connectionId')
const CRUMBS = [{ label: 'Connections', to: '/connections' }] as const

export function ConnectionScreen() {
  const { connectionId } = route.useParams()
  const query = useQuery({
    ...connectionQuery(connectionId),
    refetchInterval: ({ state }) => whilePending(state.data ? [state.data] : []),
  })
  const connection = query.data
  return (
    <>
      {/* The same header before and after, or else the focus that it was given would go with it. */}
      <PageHeader
        title={connection?.provider_label ?? 'Connection'}
        description={connection && (connection.account ?? 'The provider did not say whose account it is.')}
        badge={connection && <ConnectionBadge connection={connection} />}
        breadcrumbs={CRUMBS}
        actions={connection && <RefreshButton connection={connection} />}
      />
      <Loaded query={query} skeleton={<SkeletonRows rows={5} label="Loading the connection" />}>
        {(loaded) => <OneConnection connection={loaded} />}
      </Loaded>
    </>
  )
}

function RefreshButton({ connection }: { connection: Connection }) {
  const mayRefresh = useMayRefresh(connection)
  const refresh = useRefresh(connection)
  if (!mayRefresh) return null
  return (
    <Button variant="outline" pending={refresh.pending} onClick={() => refresh.run()}>
      <RefreshCw aria-hidden />
      Refresh now
    </Button>
  )
}

function OneConnection({ connection }: { connection: Connection }) {
  const { canWrite } = usePermissions()
  return (
    <div className="grid gap-4">
      {connection.status !== 'active' && <NotUsable connection={connection} />}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_18rem]">
        <div className="grid min-w-0 gap-4">
          <Grants connection={connection} />
          <ProxyCall connection={connection} />
        </div>
        <ConnectionFacts connection={connection} />
      </div>
      {canWrite && <End connection={connection} />}
    </div>
  )
}

/** Nothing works until somebody says yes: said above all else. */
function NotUsable({ connection }: { connection: Connection }) {
  const mayReconnect = useMayReconnect()
  const reconnect = useReconnect(connection)
  const isPending = connection.status === 'pending'
  const actions = mayReconnect(connection) && (
    <Button size="sm" pending={reconnect.leaving} onClick={reconnect.run}>
      <RotateCw aria-hidden />
      {isPending ? 'Ask again' : 'Reconnect'}
    </Button>
  )
  return (
    <Notice
      tone="warning"
      title={isPending ? 'It waits for a consent' : 'Nobody can use it at the moment'}
      {...(actions && { actions })}
    >
      {reasonOf(connection)}{' '}
      {actions
        ? 'Grants stay, and programs that know its id go on with it.'
        : 'Only the person whose account it is can say yes: whoever asked them sends them a new link.'}
    </Notice>
  )
}

function End({ connection }: { connection: Connection }) {
  const [asking, setAsking] = useState(false)
  const leave = useLeave(connection.connection_id)
  const isActive = connection.status === 'active'
  const button = (
    <Button variant="destructive-outline" onClick={() => setAsking(true)}>
      {isActive ? 'Revoke' : 'Remove'}
    </Button>
  )
  return (
    <ListCard label="End the connection">
      <DangerItem title={isActive ? 'Revoke the connection' : 'Remove the connection'} action={button}>
        {isActive
          ? `Nobody can use it from then on. Its tokens are deleted here, and ${connection.provider_label} is asked to forget the consent.`
          : 'It leaves the list, with its grants.'}
      </DangerItem>
      <RevokeConnection
        connection={asking ? connection : undefined}
        onClose={() => setAsking(false)}
        onRevoked={() => void leave()}
        changes={[]}
      />
    </ListCard>
  )
}

/** To the list, which must not show for a moment what is gone, nor may this screen ask for it again. */
function useLeave(connectionId: string): () => Promise<void> {
  const navigate = route.useNavigate()
  const client = useQueryClient()
  return async () => {
    for (const lists of ['pages', 'all']) client.removeQueries({ queryKey: ['connections', lists] })
    await navigate({ to: '/connections' })
    client.removeQueries(connectionQuery(connectionId))
    client.removeQueries({ queryKey: ['connection-grants', connectionId] })
  }
}

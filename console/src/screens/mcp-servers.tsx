import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Plus, Waypoints } from 'lucide-react'
import { Button } from '../components/button.tsx'
import { EmptyState } from '../components/empty-state.tsx'
import { ListCard } from '../components/list-card.tsx'
import { LoadMore } from '../components/load-more.tsx'
import { Loaded } from '../components/loaded.tsx'
import { PageHeader } from '../components/page-header.tsx'
import { mcpServersQuery } from '../mcp-servers.ts'
import { usePermissions } from '../me.ts'
import { ReturnNotice } from './mcp-servers/return-notice.tsx'
import { McpServerSheet, NEW } from './mcp-servers/server-sheet.tsx'
import { McpServerTable } from './mcp-servers/server-table.tsx'

const route = getRouteApi('/shell/mcp-servers')

/** The MCP servers that the organization uses: for its administrators to set up, for everybody in it to see. */
export function McpServersScreen() {
  const { isAdmin } = usePermissions()
  const { server, status, error, connection_id } = route.useSearch()
  const navigate = route.useNavigate()
  const servers = useInfiniteQuery(mcpServersQuery)
  const open = (id: string | undefined) => void navigate({ search: { server: id }, replace: true, resetScroll: false })
  const addButton = isAdmin && (
    <Button onClick={() => open(NEW)}>
      <Plus aria-hidden />
      Add server
    </Button>
  )
  return (
    <>
      <PageHeader
        title="MCP servers"
        description="Tools of others that your agents may use. Keys and tokens stay here, encrypted."
        actions={addButton}
      />
      {status !== undefined && (
        <ReturnNotice
          status={status}
          error={error}
          server={servers.data?.find((each) => each.connection_id === connection_id)}
          isLoaded={servers.data !== undefined}
          onClose={() => open(undefined)}
        />
      )}
      <ListCard label="MCP servers">
        <Loaded query={servers}>
          {(rows) =>
            rows.length === 0 ? (
              <EmptyState icon={Waypoints} title="No MCP servers yet" action={addButton}>
                {isAdmin
                  ? 'An MCP server offers tools, such as searching your documents or filing an issue. Add its address; if it wants a sign-in, authorize it once with your account there, and we keep its token fresh. Agents find it in the list, and call it through here without ever holding the token.'
                  : 'An MCP server offers tools to agents. Administrators of your organization add them; what they add, you find here.'}
              </EmptyState>
            ) : (
              <>
                <McpServerTable servers={rows} onChange={isAdmin ? open : undefined} />
                <LoadMore {...servers} shown={rows.length} />
              </>
            )
          }
        </Loaded>
      </ListCard>
      {isAdmin && (
        <McpServerSheet
          at={server}
          server={servers.data?.find(({ id }) => id === server)}
          onClose={() => open(undefined)}
        />
      )}
    </>
  )
}

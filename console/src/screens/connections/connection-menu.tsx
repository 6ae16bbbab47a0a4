import { Ellipsis, RefreshCw, RotateCw, Unplug } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuTrigger,
} from '../../components/dropdown-menu.tsx'
import { type Connection, nameOf } from '../../connections.ts'
import { usePermissions } from '../../me.ts'
import { useMayReconnect, useReconnect } from './reconnect.ts'
import { useMayRefresh, useRefresh } from './use-refresh.ts'

interface ConnectionMenuProps {
  connection: Connection
  onRevoke: () => void
}

/** What can be done to a connection, without leaving the list. */
export function ConnectionMenu({ connection, onRevoke }: ConnectionMenuProps) {
  const { canWrite } = usePermissions()
  const mayReconnect = useMayReconnect()
  const reconnect = useReconnect(connection)
  const mayRefresh = useMayRefresh(connection)
  const refresh = useRefresh(connection)
  if (!canWrite) return null
  return (
    <DropdownMenu>
      <DropdownMenuTrigger asChild>
        <Button
          variant="ghost"
          size="icon-sm"
          pending={refresh.pending || reconnect.leaving}
          aria-label={`Acts on ${nameOf(connection)}`}
        >
          <Ellipsis aria-hidden />
        </Button>
      </DropdownMenuTrigger>
      <DropdownMenuContent align="end">
        {mayReconnect(connection) && (
          <DropdownMenuItem onSelect={reconnect.run}>
            <RotateCw aria-hidden />
            Reconnect
          </DropdownMenuItem>
        )}
        {mayRefresh && (
          <DropdownMenuItem onSelect={() => refresh.run()}>
            <RefreshCw aria-hidden />
            Refresh now
          </DropdownMenuItem>
        )}
        <DropdownMenuItem destructive onSelect={onRevoke}>
          <Unplug aria-hidden />
          {connection.status === 'active' ? 'Revoke' : 'Remove'}
        </DropdownMenuItem>
      </DropdownMenuContent>
    </DropdownMenu>
  )
}

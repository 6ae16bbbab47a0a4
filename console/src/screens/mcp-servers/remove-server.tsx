import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { disconnectMcpServer, type McpServer, removeMcpServer } from '../../mcp-servers.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

interface AskedProps {
  /** Undefined keeps the question closed. */
  server: McpServer | undefined
  onClose: () => void
}

export function RemoveMcpServer({ server, onClose }: AskedProps) {
  const asked = useLast(server)
  const remove = useAct({
    act: ({ id }: McpServer) => removeMcpServer(id),
    changes: ['mcp-servers', 'connections'],
    done: (_, { name }) => `${name} is removed`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={server !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`Remove ${asked?.name}?`}
      description="Agents reach it no more. Its keys are deleted here, and its token is revoked where it was given. To stop it for a while, change it and switch it off."
      action="Remove server"
      pending={remove.pending}
      onConfirm={() => server && remove.run(server)}
    />
  )
}

export function EndAuthorization({ server, onClose }: AskedProps) {
  const asked = useLast(server)
  const end = useAct({
    act: ({ id }: McpServer) => disconnectMcpServer(id),
    changes: ['mcp-servers', 'connections'],
    done: ({ revoked_upstream }, { name }) =>
      revoked_upstream ? `${name} is not authorized any more` : `${name} is not authorized here any more`,
    onDone: onClose,
  })
  return (
    <ConfirmDialog
      open={server !== undefined}
      onOpenChange={(open) => open || onClose()}
      title={`End the authorization of ${asked?.name}?`}
      description="Its token is deleted here and revoked where it was given. The server stays in the list, and can be authorized again."
      action="End authorization"
      pending={end.pending}
      onConfirm={() => server && end.run(server)}
    />
  )
}

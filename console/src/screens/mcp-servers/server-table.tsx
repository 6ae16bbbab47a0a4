import { Ellipsis, ExternalLink } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import {
  DropdownMenu,
  DropdownMenuContent,
  DropdownMenuItem,
  DropdownMenuSeparator,
  DropdownMenuTrigger,
} from '../../components/dropdown-menu.tsx'
import { Initials } from '../../components/initials.tsx'
import { NameList } from '../../components/name-list.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { type McpServer, TRANSPORT_LABELS } from '../../mcp-servers.ts'
import { EndAuthorization, RemoveMcpServer } from './remove-server.tsx'
import { TestDialog } from './test-dialog.tsx'
import { useAuthorize } from './use-authorize.ts'

interface McpServerTableProps {
  servers: readonly McpServer[]
  /** Undefined: who looks changes nothing here. */
  onChange: ((id: string) => void) | undefined
}

/** What a row asks for that wants a dialog. */
interface Asked {
  what: 'test' | 'end' | 'remove'
  server: McpServer
}

export function McpServerTable({ servers, onChange }: McpServerTableProps) {
  const [asked, setAsked] = useState<Asked>()
  const close = () => setAsked(undefined)
  const of = (what: Asked['what']) => (asked?.what === what ? asked.server : undefined)
  return (
    <>
      <Table label="MCP servers">
        <TableHeader>
          <TableRow>
            <TableHead className="w-[34%]">Server</TableHead>
            <TableHead className="w-44">Status</TableHead>
            <TableHead>Tools</TableHead>
            {onChange && (
              <TableHead className="w-44">
                <span className="sr-only">Acts</span>
              </TableHead>
            )}
          </TableRow>
        </TableHeader>
        <TableBody>
          {servers.map((server) => (
            <TableRow key={server.id}>
              <TableCell>
                <div className="flex min-w-0 items-center gap-3">
                  <Initials name={server.name} className="rounded-lg" />
                  <div className="grid min-w-0">
                    <span className="truncate font-medium" title={server.name}>
                      {server.name}
                    </span>
                    <span className="truncate text-[0.8125rem] text-muted-foreground" title={placeOf(server)}>
                      {placeOf(server)}
                    </span>
                  </div>
                </div>
              </TableCell>
              <TableCell label="Status">
                <StatusBadge status={server.status} {...labelOf(server)} />
              </TableCell>
              <TableCell label="Tools">
                <Tools server={server} />
              </TableCell>
              {onChange && (
                <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
                  <Acts server={server} onChange={onChange} onAsk={(what) => setAsked({ what, server })} />
                </TableCell>
              )}
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <TestDialog server={of('test')} onClose={close} />
      <EndAuthorization server={of('end')} onClose={close} />
      <RemoveMcpServer server={of('remove')} onClose={close} />
    </>
  )
}

const placeOf = ({ url, command, transport }: McpServer) => url ?? command ?? TRANSPORT_LABELS[transport]

/** Of one that was asked for consent, and waits. */
function labelOf({ status, authorization }: McpServer): { label?: string } {
  return status === 'authorization_required' && authorization?.reason === 'reauth_required'
    ? { label: 'Authorize again' }
    : {}
}

function Tools({ server: { tools } }: { server: McpServer }) {
  if (!tools) return <span className="text-muted-foreground">Not tested yet</span>
  if (tools.length === 0) return <span className="text-muted-foreground">None</span>
  return <NameList label="Tools" names={tools.map(({ name, description }) => ({ name, title: description }))} />
}

interface ActsProps {
  server: McpServer
  onChange: (id: string) => void
  onAsk: (what: Asked['what']) => void
}

/** What it needs next, and the rest behind. */
function Acts({ server, onChange, onAsk }: ActsProps) {
  const authorize = useAuthorize()
  const { id, name, status, auth } = server
  const wantsConsent = status === 'authorization_required'
  const isAuthorized = server.authorization !== undefined && server.authorization.status !== 'none'
  return (
    <span className="inline-flex items-center gap-2">
      {wantsConsent ? (
        <Button
          size="sm"
          aria-label={`Authorize ${name}`}
          pending={authorize.leaving}
          onClick={() => authorize.run(server)}
        >
          Authorize
          <ExternalLink aria-hidden />
        </Button>
      ) : (
        <Button variant="outline" size="sm" aria-label={`Test ${name}`} onClick={() => onAsk('test')}>
          Test
        </Button>
      )}
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button variant="outline" size="icon-sm" aria-label={`More for ${name}`}>
            <Ellipsis aria-hidden />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent align="end">
          <DropdownMenuItem onSelect={() => onChange(id)}>Change</DropdownMenuItem>
          {wantsConsent && <DropdownMenuItem onSelect={() => onAsk('test')}>Test</DropdownMenuItem>}
          {auth === 'oauth' && status === 'ready' && (
            <DropdownMenuItem onSelect={() => authorize.run(server)}>Authorize again</DropdownMenuItem>
          )}
          <DropdownMenuSeparator />
          {isAuthorized && (
            <DropdownMenuItem destructive onSelect={() => onAsk('end')}>
              End authorization
            </DropdownMenuItem>
          )}
          <DropdownMenuItem destructive onSelect={() => onAsk('remove')}>
            Remove
          </DropdownMenuItem>
        </DropdownMenuContent>
      </DropdownMenu>
    </span>
  )
}

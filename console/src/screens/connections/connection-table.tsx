import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { cn } from '../../components/class-names.ts'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { ROW_LINK, Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import type { Connection } from '../../connections.ts'
import { type Names, useNames } from '../../names.ts'
import { ConnectionMenu } from './connection-menu.tsx'
import { Expiry } from './expiry.tsx'
import { ProviderScopes } from './provider-scopes.tsx'
import { RevokeConnection } from './revoke-connection.tsx'
import { brieflyWhy, ConnectionBadge } from './standing.tsx'

interface ConnectionTableProps {
  connections: readonly Connection[]
  /** The one that somebody has just come back from. */
  marked: string | undefined
}

export function ConnectionTable({ connections, marked }: ConnectionTableProps) {
  const [revoking, setRevoking] = useState<Connection>()
  const names = useNames()
  return (
    <>
      <Table label="Connections">
        <TableHeader>
          <TableRow>
            <TableHead className="w-[25%]">Account</TableHead>
            <TableHead className="w-[15%]">Status</TableHead>
            <TableHead className="w-[19%]">Scopes</TableHead>
            <TableHead>Expires</TableHead>
            <TableHead>Last used</TableHead>
            <TableHead>Made by</TableHead>
            <TableHead className="w-14 min-w-0">
              <span className="sr-only">Acts</span>
            </TableHead>
          </TableRow>
        </TableHeader>
        <TableBody>
          {connections.map((connection) => (
            <ConnectionRow
              key={connection.connection_id}
              connection={connection}
              marked={connection.connection_id === marked}
              names={names}
              onRevoke={() => setRevoking(connection)}
            />
          ))}
        </TableBody>
      </Table>
      <RevokeConnection connection={revoking} onClose={() => setRevoking(undefined)} />
    </>
  )
}

const MARKED_WELL = 'bg-primary-ground in-[tbody]:hover:bg-primary-ground'
/** As the card around it, where a row is a block of its own. */
const ROUNDED = 'max-sm:first:rounded-t-xl max-sm:last:rounded-b-xl'
const MARKED = 'bg-muted in-[tbody]:hover:bg-muted'

interface ConnectionRowProps {
  connection: Connection
  marked: boolean
  names: Names
  onRevoke: () => void
}

function ConnectionRow({ connection, marked, names, onRevoke }: ConnectionRowProps) {
  const { connection_id, provider_label, account, scopes, made_by, last_used_at, last_used_by, created_at } = connection
  const why = brieflyWhy(connection)
  return (
    <TableRow
      className={cn(marked && [ROUNDED, connection.status === 'active' ? MARKED_WELL : MARKED])}
      {...(marked && { 'aria-current': true })}
    >
      <TableCell>
        <div className="flex min-w-0 items-center gap-3">
          <Initials name={provider_label} className="rounded-lg" />
          <div className="grid min-w-0">
            <Link
              to="/connections/$connectionId"
              params={{ connectionId: connection_id }}
              className={`${ROW_LINK} truncate`}
            >
              {provider_label}
            </Link>
            <span className="truncate text-[0.8125rem] text-muted-foreground" title={account}>
              {account ?? 'account not known'}
            </span>
          </div>
        </div>
      </TableCell>
      <TableCell label="Status">
        <ConnectionBadge connection={connection} />
        {why && <span className="mt-1 block text-[0.8125rem] text-muted-foreground">{why}</span>}
      </TableCell>
      <TableCell label="Scopes">
        <ProviderScopes scopes={scopes} most={2} />
      </TableCell>
      <TableCell label="Expires" className="text-muted-foreground">
        <Expiry connection={connection} />
      </TableCell>
      <TableCell label="Last used" className="text-muted-foreground">
        <RelativeTime at={last_used_at} never="never yet" />
        {last_used_by && <span className="block truncate text-[0.8125rem]">by {names.within(last_used_by)}</span>}
      </TableCell>
      <TableCell label="Made by" className="text-muted-foreground">
        <span className="block truncate">{names.nameOf(made_by) ?? made_by}</span>
        <RelativeTime at={created_at} className="block text-[0.8125rem]" />
      </TableCell>
      <TableCell className="text-right max-sm:absolute max-sm:top-3 max-sm:right-3">
        <ConnectionMenu connection={connection} onRevoke={onRevoke} />
      </TableCell>
    </TableRow>
  )
}

import { Link } from '@tanstack/react-router'
import { KeyRound, Shield } from 'lucide-react'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import type { Grant } from '../../connections.ts'
import { useNames } from '../../names.ts'
import { READING } from './method-choice.tsx'

interface GrantTableProps {
  grants: readonly Grant[]
  /** Of the connection, who may do everything. */
  maker: string
  /** Undefined: who looks may not. */
  onRemove: ((grant: Grant) => void) | undefined
}

export function GrantTable({ grants, maker, onRemove }: GrantTableProps) {
  const { nameOf } = useNames()
  return (
    <Table label="Grants">
      <TableHeader>
        <TableRow>
          <TableHead className="w-[26%]">Agent</TableHead>
          <TableHead>Methods</TableHead>
          <TableHead>Paths</TableHead>
          <TableHead className="w-36">Token</TableHead>
          <TableHead className="w-28">
            <span className="sr-only">Take back</span>
          </TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {grants.map((grant) => (
          <GrantRow
            key={grant.grant_id}
            grant={grant}
            name={nameOf(grant.agent_id) ?? grant.agent_id}
            isMaker={grant.agent_id === maker}
            onRemove={onRemove && (() => onRemove(grant))}
          />
        ))}
      </TableBody>
    </Table>
  )
}

interface GrantRowProps {
  grant: Grant
  name: string
  isMaker: boolean
  onRemove: (() => void) | undefined
}

function GrantRow({ grant: { agent_id, methods, path_prefix, raw_token }, name, isMaker, onRemove }: GrantRowProps) {
  return (
    <TableRow>
      <TableCell>
        <Link
          to="/agents/$agentId"
          params={{ agentId: agent_id }}
          className="block truncate font-medium hover:underline"
        >
          {name}
        </Link>
        {isMaker && (
          <span className="block text-[0.8125rem] text-muted-foreground">made it, and may do everything anyway</span>
        )}
      </TableCell>
      <TableCell label="Methods">
        <Methods methods={methods} />
      </TableCell>
      <TableCell label="Paths">
        {path_prefix === null ? (
          <span className="text-muted-foreground">all</span>
        ) : (
          <code className="block truncate font-mono text-[0.8125rem]" title={path_prefix}>
            {path_prefix}
          </code>
        )}
      </TableCell>
      <TableCell label="Token">
        {raw_token ? (
          <Badge tone="warning">
            <KeyRound aria-hidden />
            May read it
          </Badge>
        ) : (
          <Badge>
            <Shield aria-hidden />
            Stays here
          </Badge>
        )}
      </TableCell>
      <TableCell className="text-right max-sm:pt-1.5! max-sm:text-left">
        {onRemove && (
          <Button variant="outline" size="sm" aria-label={`Take back the grant of ${name}`} onClick={onRemove}>
            Take back
          </Button>
        )}
      </TableCell>
    </TableRow>
  )
}

function Methods({ methods }: Pick<Grant, 'methods'>) {
  if (methods === null) return <span className="text-muted-foreground">all</span>
  const isReading = methods.length === READING.length && READING.every((method) => methods.includes(method))
  if (isReading) return <span title={methods.join(', ')}>reading only</span>
  return <span className="font-mono text-[0.8125rem]">{methods.join(' ')}</span>
}

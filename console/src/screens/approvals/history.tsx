import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { History } from 'lucide-react'
import { type Approval, approvalsQuery } from '../../approvals.ts'
import { EmptyState } from '../../components/empty-state.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { LoadMore } from '../../components/load-more.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { ROW_LINK, Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'

/** What was decided, by whom, and what ran out of time. */
export function ApprovalHistory() {
  const decided = useInfiniteQuery(approvalsQuery('decided'))
  return (
    <ListCard label="Decided approvals">
      <Loaded query={decided}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState icon={History} title="Nothing decided yet">
              Every yes and every no is kept here, with who said it and when.
            </EmptyState>
          ) : (
            <>
              <Decided rows={rows} />
              <LoadMore {...decided} shown={rows.length} />
            </>
          )
        }
      </Loaded>
    </ListCard>
  )
}

function Decided({ rows }: { rows: readonly Approval[] }) {
  return (
    <Table label="Decided approvals, newest first">
      <TableHeader>
        <TableRow>
          <TableHead className="w-[28%]">Agent</TableHead>
          <TableHead className="w-[28%]">Website</TableHead>
          <TableHead>Decision</TableHead>
          <TableHead>By</TableHead>
          <TableHead>Asked</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {rows.map((approval) => (
          <DecidedRow key={approval.request_id} approval={approval} />
        ))}
      </TableBody>
    </Table>
  )
}

function DecidedRow({ approval }: { approval: Approval }) {
  return (
    <TableRow>
      <TableCell>
        <Link to="/sign-ins" search={{ request_id: approval.request_id }} className={ROW_LINK}>
          <bdi>{approval.agent_name ?? approval.agent_id}</bdi>
        </Link>
        <span className="block truncate text-[0.8125rem] text-muted-foreground">{approval.model}</span>
      </TableCell>
      <TableCell label="Website">
        <bdi className="block truncate">{approval.client_name}</bdi>
        <span className="block truncate text-[0.8125rem] text-muted-foreground">{approval.host}</span>
      </TableCell>
      <TableCell label="Decision">
        <StatusBadge status={approval.status} />
      </TableCell>
      <TableCell label="By" className="text-muted-foreground">
        {approval.decided_by_name ?? 'nobody'}
      </TableCell>
      <TableCell label="Asked" className="text-muted-foreground">
        <RelativeTime at={approval.asked_at} />
      </TableCell>
    </TableRow>
  )
}

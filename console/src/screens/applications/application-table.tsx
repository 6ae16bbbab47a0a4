import { Link } from '@tanstack/react-router'
import type { Application } from '../../applications.ts'
import { RelativeTime } from '../../components/relative-time.tsx'
import { ROW_LINK, Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { SubjectBadge } from '../application/subject-badge.tsx'

export function ApplicationTable({ applications }: { applications: readonly Application[] }) {
  return (
    <Table label="Applications">
      <TableHeader>
        <TableRow className="hover:bg-transparent">
          <TableHead>Application</TableHead>
          <TableHead>Signs in</TableHead>
          <TableHead>At</TableHead>
          <TableHead className="sm:w-36">Registered</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {applications.map((application) => (
          <TableRow key={application.client_id}>
            <TableCell>
              <Link
                to="/applications/$clientId"
                params={{ clientId: application.client_id }}
                className={`${ROW_LINK} block truncate`}
              >
                {application.client_name}
              </Link>
              <code className="block truncate font-mono text-xs text-muted-foreground">{application.client_id}</code>
            </TableCell>
            <TableCell label="Signs in">
              <SubjectBadge subjects={application.subjects} />
            </TableCell>
            <TableCell label="At" className="text-muted-foreground">
              <Hosts uris={application.redirect_uris} />
            </TableCell>
            <TableCell label="Registered" className="text-muted-foreground">
              <RelativeTime at={application.created_at} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

function Hosts({ uris }: { uris: readonly string[] }) {
  const [first, ...others] = [...new Set(uris.map((uri) => new URL(uri).host))]
  if (first === undefined) return <>No redirect URI</>
  return (
    <span className="block truncate" title={[first, ...others].join(', ')}>
      {first}
      {others.length > 0 && ` and ${others.length} more`}
    </span>
  )
}

import { Link } from '@tanstack/react-router'
import { AssuranceBadge } from '../../components/assurance.tsx'
import { cn } from '../../components/class-names.ts'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { ROW_LINK, Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import type { SignIn } from '../../sign-ins.ts'
import { Visitor } from './visitor.tsx'

interface SignInTableProps {
  signIns: readonly SignIn[]
  /** Those that began while one looked, which move in. */
  arrivals: ReadonlySet<string>
}

export function SignInTable({ signIns, arrivals }: SignInTableProps) {
  return (
    <Table label="Sign-ins, newest first">
      <TableHeader>
        <TableRow className="hover:bg-transparent">
          <TableHead>Website</TableHead>
          <TableHead>Who</TableHead>
          <TableHead className="sm:w-44">State</TableHead>
          <TableHead className="w-44 max-lg:hidden">Assurance</TableHead>
          <TableHead className="sm:w-32">Started</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {signIns.map((signIn) => (
          <SignInRow key={signIn.request_id} signIn={signIn} arrived={arrivals.has(signIn.request_id)} />
        ))}
      </TableBody>
    </Table>
  )
}

function SignInRow({ signIn, arrived }: { signIn: SignIn; arrived: boolean }) {
  return (
    <TableRow className={cn(arrived && 'animate-rise')}>
      <TableCell>
        <Link
          to="/sign-ins"
          search={(search) => ({ ...search, request_id: signIn.request_id })}
          resetScroll={false}
          className={cn(ROW_LINK, 'block truncate')}
        >
          {signIn.client_name}
        </Link>
        <p className="truncate text-[0.8125rem] text-muted-foreground">{signIn.host}</p>
      </TableCell>
      <TableCell label="Who">
        <Visitor signIn={signIn} />
      </TableCell>
      <TableCell label="State">
        <div className="grid justify-items-start gap-0.5">
          <StatusBadge status={signIn.status} />
          {signIn.failure && signIn.status !== 'completed' && (
            <p className="text-xs text-destructive" title={signIn.failure.reason}>
              A try was refused
            </p>
          )}
        </div>
      </TableCell>
      <TableCell label="Assurance" className={cn('sm:max-lg:hidden', signIn.acr === null && 'max-sm:hidden')}>
        <AssuranceBadge acr={signIn.acr} />
      </TableCell>
      <TableCell label="Started" className="text-muted-foreground">
        <RelativeTime at={signIn.created_at} />
      </TableCell>
    </TableRow>
  )
}

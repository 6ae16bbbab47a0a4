import { Badge } from './badge.tsx'
import { RelativeTime, useNow } from './relative-time.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from './table.tsx'

export interface SecretSummary {
  secret_id: string
  last_four: string
  created_at: string
  /** null: it does not end by itself. */
  expires_at: string | null
}

/** What may be told of secrets, the newest first. */
export function SecretTable({ secrets, label }: { secrets: readonly SecretSummary[]; label: string }) {
  const newest = [...secrets].sort((one, other) => other.created_at.localeCompare(one.created_at))
  return (
    <Table label={label}>
      <TableHeader>
        <TableRow className="hover:bg-transparent">
          <TableHead>Secret</TableHead>
          <TableHead>Made</TableHead>
          <TableHead>Ends</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {newest.map((secret, index) => (
          <TableRow key={secret.secret_id}>
            <TableCell>
              <span className="flex flex-wrap items-center gap-2">
                <code className="font-mono text-[0.8125rem]">
                  <span aria-hidden>••••</span>
                  <span className="sr-only">Ends in </span>
                  {secret.last_four}
                </code>
                {index === 0 ? <Badge tone="success">Current</Badge> : <Badge>Replaced</Badge>}
              </span>
            </TableCell>
            <TableCell label="Made" className="text-muted-foreground">
              <RelativeTime at={secret.created_at} />
            </TableCell>
            <TableCell label="Ends">
              <SecretEnd expiresAt={secret.expires_at} />
            </TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}

const SOON_MS = 7 * 86_400_000

function SecretEnd({ expiresAt }: { expiresAt: string | null }) {
  const now = useNow()
  const soon = expiresAt !== null && Date.parse(expiresAt) - now < SOON_MS
  return <RelativeTime at={expiresAt} never="never" className={soon ? 'text-warning' : 'text-muted-foreground'} />
}

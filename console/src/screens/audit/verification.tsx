import { ShieldAlert, ShieldCheck, X } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { cn } from '../../components/class-names.ts'
import { absoluteTime } from '../../components/relative-time.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import type { Verdict } from './audit-log.ts'

interface VerificationProps {
  verdict: Verdict
  /** When it was asked for. */
  at: string
  onClose: () => void
}

/** What the server found when it computed the log again. */
export function Verification({ verdict, at, onClose }: VerificationProps) {
  const { valid, chains, events, signed_heads, faults } = verdict
  const Icon = valid ? ShieldCheck : ShieldAlert
  return (
    <Card className={cn('relative mb-4', valid ? 'border-success/40' : 'border-destructive/50')}>
      <div className="flex gap-4 p-4 sm:p-5 sm:pr-14">
        <span
          className={cn(
            'grid size-10 shrink-0 place-items-center rounded-xl max-sm:hidden',
            valid ? 'bg-success-ground text-success' : 'bg-destructive-ground text-destructive',
          )}
        >
          <Icon className="size-5" aria-hidden />
        </span>
        <div className="grid min-w-0 flex-1 gap-3">
          <div className="grid gap-0.5">
            <h2 className="font-semibold max-sm:pr-10">{valid ? 'The log is whole' : 'The log was changed'}</h2>
            <p className="max-w-2xl text-muted-foreground">
              {valid
                ? 'The log of this whole server was computed again: every event fits the one before it, and every signed head is where it was signed.'
                : 'At the places below, what is stored is not what was written. Keep a copy of the database, and find out who had access to it.'}
            </p>
          </div>
          <dl className="flex flex-wrap gap-x-8 gap-y-2">
            <Count label="Events that fit" count={events} />
            <Count label="Chains" count={chains} />
            <Count label="Signed heads" count={signed_heads} />
            <div className="grid">
              <dt className="text-xs text-muted-foreground">Checked</dt>
              <dd className="font-medium">{absoluteTime(at)}</dd>
            </div>
          </dl>
        </div>
      </div>
      {faults.length > 0 && <Faults faults={faults} />}
      <Button
        variant="ghost"
        size="icon-sm"
        className="absolute top-3 right-3"
        aria-label="Put the result away"
        onClick={onClose}
      >
        <X aria-hidden />
      </Button>
    </Card>
  )
}

function Count({ label, count }: { label: string; count: number }) {
  return (
    <div className="grid">
      <dt className="text-xs text-muted-foreground">{label}</dt>
      <dd className="font-medium tabular-nums">{count.toLocaleString()}</dd>
    </div>
  )
}

function Faults({ faults }: { faults: Verdict['faults'] }) {
  return (
    <div className="border-t">
      <Table label="Faults">
        <TableHeader>
          <TableRow>
            <TableHead>What is wrong</TableHead>
            <TableHead>Chain</TableHead>
            <TableHead>From event</TableHead>
          </TableRow>
        </TableHeader>
        <TableBody>
          {faults.map(({ chain, seq, reason }) => (
            <TableRow key={chain}>
              <TableCell className="font-medium text-destructive">
                <span className="block first-letter:uppercase">{reason}</span>
              </TableCell>
              <TableCell label="Chain">
                <code className="font-mono text-[0.8125rem]">{chain}</code>
              </TableCell>
              <TableCell label="From event" className="tabular-nums">
                {seq}
              </TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

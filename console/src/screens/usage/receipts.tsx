import { useInfiniteQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import { CardHeader } from '../../components/card.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { LoadMore } from '../../components/load-more.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { StatusBadge } from '../../components/status-badge.tsx'
import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '../../components/table.tsx'
import { type Receipt, receiptsFile, receiptsQuery } from '../../fuel.ts'
import { costOf } from '../../money.ts'
import { useNames } from '../../names.ts'
import { saveFile } from '../../save-file.ts'
import { useAct } from '../../use-act.ts'

/** Each call by itself. */
export function Receipts({ since }: { since: string }) {
  const receipts = useInfiniteQuery(receiptsQuery(since))
  const download = useAct({
    act: () => receiptsFile(since),
    done: 'The receipts were saved as CSV',
    onDone: (file) => saveFile(file, `receipts-${new Date().toISOString().slice(0, 10)}.csv`),
  })
  return (
    <ListCard label="Receipts">
      <CardHeader
        title="Receipts"
        description="Every call by itself, newest first."
        className="pb-4"
        actions={
          <Button variant="outline" size="sm" pending={download.pending} onClick={() => download.run()}>
            <Download aria-hidden />
            Export CSV
          </Button>
        }
      />
      <Loaded query={receipts}>
        {(rows) => (
          <>
            <ReceiptTable receipts={rows} />
            <LoadMore {...receipts} shown={rows.length} />
          </>
        )}
      </Loaded>
    </ListCard>
  )
}

function ReceiptTable({ receipts }: { receipts: readonly Receipt[] }) {
  const { nameOf } = useNames()
  return (
    <Table label="Receipts">
      <TableHeader>
        <TableRow>
          <TableHead className="w-[28%]">Model</TableHead>
          <TableHead>When</TableHead>
          <TableHead>Through</TableHead>
          <TableHead className="sm:text-right">Tokens in</TableHead>
          <TableHead className="sm:text-right">Tokens out</TableHead>
          <TableHead className="sm:text-right">Cost</TableHead>
          <TableHead className="w-36">Outcome</TableHead>
        </TableRow>
      </TableHeader>
      <TableBody>
        {receipts.map((receipt) => (
          <ReceiptRow key={receipt.usage_id} receipt={receipt} nameOf={nameOf} />
        ))}
      </TableBody>
    </Table>
  )
}

function ReceiptRow({ receipt, nameOf }: { receipt: Receipt; nameOf: (id: string) => string | undefined }) {
  const { model_asked, model_served, provider, at, payment_method, cost_cents, status, estimated } = receipt
  return (
    <TableRow>
      <TableCell>
        <div className="grid min-w-0">
          <span className="truncate font-medium" title={model_served ?? model_asked}>
            {model_served ?? (model_asked || 'No model')}
          </span>
          <span className="truncate text-[0.8125rem] text-muted-foreground">{provider ?? 'Nobody answered'}</span>
        </div>
      </TableCell>
      <TableCell label="When" className="text-muted-foreground">
        <RelativeTime at={at} />
      </TableCell>
      <TableCell label="Through">
        <span className="block truncate">{throughOf(receipt, nameOf)}</span>
      </TableCell>
      <TableCell label="Tokens in" className="tabular-nums sm:text-right">
        {receipt.input_tokens.toLocaleString('en')}
      </TableCell>
      <TableCell label="Tokens out" className="tabular-nums sm:text-right">
        {receipt.output_tokens.toLocaleString('en')}
        {estimated && <span className="block text-[0.8125rem] text-muted-foreground">estimated</span>}
      </TableCell>
      <TableCell label="Cost" className="tabular-nums sm:text-right">
        {payment_method === 'byok' ? <span className="text-muted-foreground">Own key</span> : costOf(cost_cents)}
      </TableCell>
      <TableCell label="Outcome">
        <StatusBadge status={status} {...(status === 'completed' && { label: 'Completed' })} />
      </TableCell>
    </TableRow>
  )
}

/** Who made the call for the person; what is gone has its id still. */
function throughOf({ client_id, agent_id, key_id }: Receipt, nameOf: (id: string) => string | undefined): string {
  const id = client_id ?? agent_id
  if (id !== null) return nameOf(id) ?? id
  return key_id === null ? 'Playground' : 'An API key'
}

import { NANO_PER_CENT } from '../../accounts/credits.ts'
import type { Deps } from '../../context.ts'
import { csvLine } from '../../http/csv.ts'
import { idCursor, nextCursor } from '../../http/listing.ts'
import { listUsage, sumUsage, type UsageGroup, type UsageRow } from '../../storage/usage.ts'
import type { UsageOwner } from './budget-owner.ts'

interface Period {
  since?: number | undefined
  until?: number | undefined
}

const DAY_MS = 86_400_000

/** What the caller's calls came to, in the organization that they work in. */
export async function usageBy({ db }: Deps, group: UsageGroup, period: Period, person: UsageOwner) {
  const rows = await sumUsage(db.read, filterOf(person, period), group)
  const data = rows.map(({ name, requests, input_tokens, output_tokens, cost_nano }) => ({
    [group]: group === 'day' ? dayOf(Number(name)) : name,
    requests,
    input_tokens,
    output_tokens,
    cost_cents: cost_nano / NANO_PER_CENT,
  }))
  return { data }
}

const dayOf = (days: number) => new Date(days * DAY_MS).toISOString().slice(0, 10)

const filterOf = ({ id, orgId, clientId }: UsageOwner, period: Period) => ({ userId: id, orgId, clientId, ...period })

/** Each call by itself, newest first. */
export async function listReceipts(
  { db }: Deps,
  { limit, cursor, ...period }: Period & { limit: number; cursor?: string | undefined },
  person: UsageOwner,
) {
  const rows = await listUsage(db.read, filterOf(person, period), limit + 1, idCursor(cursor))
  return {
    data: rows.slice(0, limit).map(receiptOf),
    next_cursor: nextCursor(rows, limit, ({ usage_id }) => ({ id: usage_id })),
  }
}

const EXPORT_PAGE = 500
const COLUMNS = [
  'at',
  'settled_at',
  'usage_id',
  'request_id',
  'operation',
  'model_asked',
  'model_served',
  'provider',
  'client_id',
  'agent_id',
  'key_id',
  'payment_method',
  'status',
  'attempts',
  'input_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'estimated',
  'cost_cents',
  'ttft_ms',
  'duration_ms',
] as const satisfies readonly (keyof ReturnType<typeof receiptOf>)[]

/** All of them as a file, page by page: no more of it is held than one page. */
export async function* receiptsFile({ db }: Deps, period: Period, person: UsageOwner): AsyncGenerator<string> {
  yield csvLine(COLUMNS)
  let after: string | undefined
  for (;;) {
    const rows = await listUsage(db.read, filterOf(person, period), EXPORT_PAGE, after)
    const receipts = rows.map(receiptOf)
    yield receipts.map((receipt) => csvLine(COLUMNS.map((column) => receipt[column]))).join('')
    after = rows.at(-1)?.usage_id
    if (rows.length < EXPORT_PAGE) return
  }
}

function receiptOf({ user_id: _, org_id: __, estimated, cost_nano, at, settled_at, ...row }: UsageRow) {
  return {
    ...row,
    estimated: estimated === 1,
    cost_cents: cost_nano / NANO_PER_CENT,
    at: new Date(at).toISOString(),
    settled_at: new Date(settled_at).toISOString(),
  }
}

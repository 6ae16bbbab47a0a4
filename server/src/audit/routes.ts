import { createRoute, z } from '@hono/zod-openapi'
import { stream } from 'hono/streaming'
import type { Deps, Principal } from '../context.ts'
import { csvLine } from '../http/csv.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { decodeCursor, ListQuery, nextCursor, QueryTime } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { ADMIN, PERSON, pageOf, type Security } from '../http/route-schemas.ts'
import { type AuditCursor, type AuditFilter, listAuditEvents } from '../storage/audit-events.ts'
import type { AuditEventTable } from '../storage/schema.ts'
import { type HeadCheck, verifyAuditLog } from './verify.ts'

const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'), 'must not hold a NUL')

const Query = ListQuery.extend({
  actor: text.optional(),
  action: text.optional(),
  client_id: text.optional(),
  agent_id: text.optional(),
  since: QueryTime.optional(),
  until: QueryTime.optional(),
})
const Cursor: z.ZodType<AuditCursor> = z.object({ at: z.int(), chain: text, seq: z.int() })

const AuditEvent = z
  .object({
    at: z.string(),
    actor: z.string(),
    action: z.string(),
    target: z.string().nullable(),
    client_id: z.string().nullable(),
    agent_id: z.string().nullable(),
    request_id: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
    chain: z.string(),
    seq: z.int(),
    hash: z.string(),
  })
  .openapi('AuditEvent')
const Verdict = z
  .object({
    valid: z.boolean(),
    chains: z.int(),
    events: z.int(),
    signed_heads: z.int(),
    faults: z.array(z.object({ chain: z.string(), seq: z.int(), reason: z.string() })),
  })
  .openapi('AuditVerdict')

const routesFor = (security: Security) => ({
  list: createRoute({
    method: 'get',
    path: '/audit-log',
    tags: ['Audit'],
    security,
    summary: 'Read the audit log',
    description: 'Newest first. `since` is included, `until` is not.',
    request: { query: Query },
    responses: { 200: ok(pageOf(AuditEvent), 'A page of events'), ...errors(401, 403, 422) },
  }),
  verify: createRoute({
    method: 'get',
    path: '/audit-log/verify',
    tags: ['Audit'],
    security,
    summary: 'Verify the audit log',
    description: 'Computes every hash chain again and checks the signatures of their heads.',
    responses: { 200: ok(Verdict, 'Whether every chain is whole'), ...errors(401, 403) },
  }),
  download: createRoute({
    method: 'get',
    path: '/audit-log/export',
    tags: ['Audit'],
    security,
    summary: 'Download the audit log',
    description: 'Every event that the filters let through, newest first.',
    request: {
      query: Query.omit({ limit: true, cursor: true }).extend({ format: z.enum(['csv', 'json']).default('csv') }),
    },
    responses: {
      200: {
        description: 'The file',
        content: { 'text/csv': { schema: z.string() }, 'application/json': { schema: z.array(AuditEvent) } },
      },
      ...errors(401, 403, 422),
    },
  }),
})

/** The audit log below /api/admin: of all organizations. */
export function auditAdminRoutes(deps: Deps, checkHead: HeadCheck) {
  return auditTable(deps, checkHead, ADMIN)
}

/** The audit log below /api: of the caller's organization. */
export function auditRoutes(deps: Deps, checkHead: HeadCheck) {
  return auditTable(deps, checkHead, PERSON)
}

function auditTable(deps: Deps, checkHead: HeadCheck, security: Security) {
  const routes = routesFor(security)
  // It reads the whole log: whoever asks while that goes on gets the same answer.
  let verifying: ReturnType<typeof verifyAuditLog> | undefined
  const verifyOnce = () => {
    verifying ??= verifyAuditLog(deps.db.read, checkHead).finally(() => {
      verifying = undefined
    })
    return verifying
  }
  return jsonRoutes()
    .openapi(routes.list, async (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query')
      const scoped = { ...filter, org_id: organizationOf(c.get('principal')) }
      const rows = await listAuditEvents(deps.db.read, scoped, limit + 1, decodeCursor(Cursor, cursor))
      return reply(c, { data: rows.slice(0, limit).map(viewOf), next_cursor: nextCursor(rows, limit, positionOf) })
    })
    .openapi(routes.verify, async (c) => reply(c, await verifyOnce()))
    .openapi(routes.download, (c) => {
      const { format, ...filter } = c.req.valid('query')
      const scoped = { ...filter, org_id: organizationOf(c.get('principal')) }
      c.header('Content-Type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json')
      c.header('Content-Disposition', `attachment; filename="audit-log.${format}"`)
      c.header('Cache-Control', 'no-store')
      return stream(c, async (out) => {
        for await (const piece of exported(deps, scoped, format)) await out.write(piece)
      }) as never
    })
}

/** Whose events a caller reads: the operator's are all. */
function organizationOf(principal: Principal): string | undefined {
  return principal.kind === 'operator' ? undefined : principal.orgId
}

function viewOf(event: AuditEventTable) {
  const { at, actor, action, target, client_id, agent_id, request_id, detail, chain, seq, hash } = event
  return {
    at: new Date(at).toISOString(),
    actor,
    action,
    target,
    client_id,
    agent_id,
    request_id,
    detail: JSON.parse(detail) as Record<string, unknown>,
    chain,
    seq,
    hash,
  }
}

const positionOf = ({ at, chain, seq }: AuditEventTable) => ({ at, chain, seq })

const EXPORT_PAGE = 500
const COLUMNS = [
  'at',
  'actor',
  'action',
  'target',
  'client_id',
  'agent_id',
  'request_id',
  'detail',
  'chain',
  'seq',
  'hash',
] as const

/** A file of any length, page by page: no more of it is held than one page. */
async function* exported({ db }: Deps, filter: AuditFilter, format: 'csv' | 'json'): AsyncGenerator<string> {
  yield format === 'csv' ? csvLine(COLUMNS) : '['
  let after: AuditCursor | undefined
  for (;;) {
    const rows = await listAuditEvents(db.read, filter, EXPORT_PAGE, after)
    const first = after === undefined
    const views = rows.map(viewOf)
    if (format === 'csv') yield views.map((view) => csvLine(COLUMNS.map((column) => view[column]))).join('')
    else if (views.length > 0) yield `${first ? '' : ','}\n${views.map((view) => JSON.stringify(view)).join(',\n')}`
    const last = rows.at(-1)
    if (rows.length < EXPORT_PAGE || !last) break
    after = positionOf(last)
  }
  if (format === 'json') yield '\n]\n'
}

import { createRoute, z } from '@hono/zod-openapi'
import type { Deps } from '../context.ts'
import { jsonRoutes, reply } from '../http/json-routes.ts'
import { decodeCursor, ListQuery, nextCursor } from '../http/listing.ts'
import { errors, ok } from '../http/openapi-errors.ts'
import { type AuditCursor, listAuditEvents } from '../storage/audit-events.ts'
import { type HeadCheck, verifyAuditLog } from './verify.ts'

const security = [{ adminKey: [] }]
const text = z
  .string()
  .max(300)
  .refine((value) => !value.includes('\0'), 'must not hold a NUL')
/** RFC 3339, or epoch seconds. */
const time = z
  .string()
  .transform((value) => (/^\d{1,12}$/.test(value) ? Number(value) * 1000 : Date.parse(value)))
  .refine((ms) => Number.isFinite(ms), 'must be a time such as 2026-01-31T12:00:00Z')

const Query = ListQuery.extend({
  actor: text.optional(),
  action: text.optional(),
  client_id: text.optional(),
  since: time.optional(),
  until: time.optional(),
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

const list = createRoute({
  method: 'get',
  path: '/audit-log',
  tags: ['Audit'],
  security,
  summary: 'Read the audit log',
  description: 'Newest first. `since` is included, `until` is not.',
  request: { query: Query },
  responses: {
    200: ok(z.object({ data: z.array(AuditEvent), next_cursor: z.string().nullable() }), 'A page of events'),
    ...errors(401, 403, 422),
  },
})
const verify = createRoute({
  method: 'get',
  path: '/audit-log/verify',
  tags: ['Audit'],
  security,
  summary: 'Verify the audit log',
  description: 'Computes every hash chain again and checks the signatures of their heads.',
  responses: { 200: ok(Verdict, 'Whether every chain is whole'), ...errors(401, 403) },
})

/** The audit log, below /api/admin. */
export function auditRoutes(deps: Deps, checkHead: HeadCheck) {
  return jsonRoutes()
    .openapi(list, async (c) => {
      const { limit, cursor, ...filter } = c.req.valid('query')
      const rows = await listAuditEvents(deps.db.read, filter, limit + 1, decodeCursor(Cursor, cursor))
      const data = rows
        .slice(0, limit)
        .map(({ at, actor, action, target, client_id, agent_id, request_id, detail, chain, seq, hash }) => ({
          at: new Date(at).toISOString(),
          actor,
          action,
          target,
          client_id,
          agent_id,
          request_id,
          detail: JSON.parse(detail),
          chain,
          seq,
          hash,
        }))
      return reply(c, { data, next_cursor: nextCursor(rows, limit, ({ at, chain, seq }) => ({ at, chain, seq })) })
    })
    .openapi(verify, async (c) => reply(c, await verifyAuditLog(deps.db.read, checkHead)))
}

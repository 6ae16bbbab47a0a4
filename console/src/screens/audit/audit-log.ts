import type { InferResponseType } from 'hono/client'
import { answer, api, file } from '../../api.ts'
import { listQuery } from '../../list-query.ts'

const log = api.api['audit-log']

export type AuditEvent = InferResponseType<typeof log.$get, 200>['data'][number]
export type Verdict = InferResponseType<typeof log.verify.$get, 200>

/** As the address of the screen has it. */
export interface AuditFilter {
  actor?: string | undefined
  action?: string | undefined
  client_id?: string | undefined
  agent_id?: string | undefined
  since?: string | undefined
  until?: string | undefined
}

export function auditQuery(filter: AuditFilter) {
  return listQuery(['audit', filter], (cursor, signal) =>
    answer(log.$get({ query: { ...filter, cursor } }, { init: { signal } })),
  )
}

export function verifyLog(): Promise<Verdict> {
  return answer(log.verify.$get())
}

export type Format = 'csv' | 'json'

export function exportLog(format: Format, filter: AuditFilter): Promise<Blob> {
  return file(log.export.$get({ query: { format, ...filter } }))
}

/** An event has no id of its own; this is its place for ever. */
export const placeOf = ({ chain, seq }: AuditEvent) => `${chain}:${seq}`

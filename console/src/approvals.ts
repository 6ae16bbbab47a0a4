import { answer, api } from './api.ts'
import { listQuery } from './list-query.ts'

const routes = api.api.approvals

const readPage = (status: 'pending' | 'decided', cursor: string | undefined, signal: AbortSignal) =>
  answer(routes.$get({ query: { status, ...(cursor && { cursor }) } }, { init: { signal } }))

/** A sign-in that waits for a person, or waited. */
export type Approval = Awaited<ReturnType<typeof readPage>>['data'][number]
export type Decision = 'approve' | 'deny'

export const approvalsQuery = (status: 'pending' | 'decided') =>
  listQuery(['approvals', status], (cursor, signal) => readPage(status, cursor, signal))

export const decideApproval = (id: string, decision: Decision): Promise<Approval> =>
  answer(routes[':id'][decision].$post({ param: { id } }))

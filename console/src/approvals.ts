import { infiniteQueryOptions } from '@tanstack/react-query'
import { answer, api } from './api.ts'

const routes = api.api.approvals

const readPage = (status: 'pending' | 'decided', cursor: string | undefined, signal: AbortSignal) =>
  answer(routes.$get({ query: { status, ...(cursor && { cursor }) } }, { init: { signal } }))

/** A sign-in that waits for a person, or waited. */
export type Approval = Awaited<ReturnType<typeof readPage>>['data'][number]
export type Decision = 'approve' | 'deny'

export const approvalsQuery = (status: 'pending' | 'decided') =>
  infiniteQueryOptions({
    queryKey: ['approvals', status],
    queryFn: ({ pageParam, signal }) => readPage(status, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ data }) => data),
  })

export const decideApproval = (id: string, decision: Decision): Promise<Approval> =>
  answer(routes[':id'][decision].$post({ param: { id } }))

import { queryOptions } from '@tanstack/react-query'
import type { InferResponseType } from 'hono/client'
import { answer, api, takeAway } from '../../api.ts'

const { sessions } = api.api

export type Session = InferResponseType<typeof sessions.$get, 200>['data'][number]

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: ({ signal }) => answer(sessions.$get({}, { init: { signal } })),
  select: ({ data }) => data,
})

export function endSession(id: string): Promise<void> {
  return takeAway(answer(sessions[':id'].$delete({ param: { id } })))
}

export function endOtherSessions(): Promise<undefined> {
  return answer(sessions.$delete({ query: {} }))
}

/** This one too. */
export function endAllSessions(): Promise<undefined> {
  return answer(sessions.$delete({ query: { all: 'true' } }))
}

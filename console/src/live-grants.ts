import { infiniteQueryOptions } from '@tanstack/react-query'
import { answer, api } from './api.ts'

const routes = api.api.tokens

const readPage = (of: { agent_id?: string; client_id?: string }, cursor: string | undefined, signal: AbortSignal) =>
  answer(routes.$get({ query: { ...of, ...(cursor && { cursor }) } }, { init: { signal } }))

/** A sign-in that is alive: an agent, or a person, is in at a website. */
export type LiveGrant = Awaited<ReturnType<typeof readPage>>['data'][number]

export const liveGrantsQuery = (of: { agent_id?: string; client_id?: string }) =>
  infiniteQueryOptions({
    queryKey: ['tokens', of],
    queryFn: ({ pageParam, signal }) => readPage(of, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
    select: ({ pages }) => pages.flatMap(({ data }) => data),
  })

/** Its tokens are worth nothing from now on. */
export const endGrant = (id: string) => answer(routes[':id'].$delete({ param: { id } }))

import { answer, api, takeAway } from './api.ts'
import { listQuery } from './list-query.ts'

const routes = api.api.tokens

const readPage = (of: { agent_id?: string; client_id?: string }, cursor: string | undefined, signal: AbortSignal) =>
  answer(routes.$get({ query: { ...of, ...(cursor && { cursor }) } }, { init: { signal } }))

/** A sign-in that is alive: an agent, or a person, is in at a website. */
export type LiveGrant = Awaited<ReturnType<typeof readPage>>['data'][number]

export const liveGrantsQuery = (of: { agent_id?: string; client_id?: string }) =>
  listQuery(['tokens', of], (cursor, signal) => readPage(of, cursor, signal))

/** Its tokens are worth nothing from now on. */
export const endGrant = (id: string) => takeAway(answer(routes[':id'].$delete({ param: { id } })))

import { queryOptions } from '@tanstack/react-query'
import { answer, api, takeAway } from './api.ts'
import { listQuery, readEvery } from './list-query.ts'

const routes = api.api.agents

const readPage = (cursor: string | undefined, limit: number, signal: AbortSignal) =>
  answer(routes.$get({ query: { limit: String(limit), ...(cursor && { cursor }) } }, { init: { signal } }))

/** An agent as lists give it, without its secrets. */
export type Agent = Awaited<ReturnType<typeof readPage>>['data'][number]

/** The agents of the organization and one's own, by pages, oldest first. */
export const agentsQuery = listQuery(['agents', 'pages'], (cursor, signal) => readPage(cursor, 50, signal))

const LARGEST_PAGE = 200

/** All of them, for pickers and for the search. */
export const allAgentsQuery = queryOptions({
  queryKey: ['agents', 'all'],
  queryFn: ({ signal }) => readEvery((cursor) => readPage(cursor, LARGEST_PAGE, signal)),
})

const readAgent = (id: string, signal: AbortSignal) =>
  answer(routes[':id'].$get({ param: { id } }, { init: { signal } }))

/** One agent, with what may be told of its secrets. */
export type AgentWithSecrets = Awaited<ReturnType<typeof readAgent>>

export const agentQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', 'one', id],
    queryFn: ({ signal }) => readAgent(id, signal),
  })

/** What its people call it. */
export const nameOf = ({ agent_name, agent_id }: Pick<Agent, 'agent_id'> & { agent_name: string | null }): string =>
  agent_name ?? agent_id

export type AgentSettings = Parameters<(typeof routes)[':id']['$put']>[0]['json']
export type NewAgent = Parameters<typeof routes.$post>[0]['json']

export const createAgent = (json: NewAgent) => answer(routes.$post({ json }))

export const updateAgent = (id: string, json: AgentSettings) => answer(routes[':id'].$put({ param: { id }, json }))

export const deleteAgent = (id: string) => takeAway(answer(routes[':id'].$delete({ param: { id } })))

export const disableAgent = (id: string) => answer(routes[':id'].disable.$post({ param: { id } }))

export const enableAgent = (id: string) => answer(routes[':id'].enable.$post({ param: { id } }))

/** Ends every sign-in of an agent. */
export const revokeAll = (id: string) => answer(routes[':id']['revoke-all'].$post({ param: { id } }))

type Rotation = Parameters<(typeof routes)[':id']['rotate']['$post']>[0]['json']

export const rotateSecret = (id: string, json: Rotation) => answer(routes[':id'].rotate.$post({ param: { id }, json }))

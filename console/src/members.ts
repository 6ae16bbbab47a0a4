import { queryOptions } from '@tanstack/react-query'
import type { InferResponseType } from 'hono/client'
import { answer, api } from './api.ts'
import { listQuery } from './list-query.ts'
import type { Role } from './me.ts'

const routes = api.api.members

export type Member = InferResponseType<typeof routes.$get, 200>['data'][number]

/** Who is in the organization, by pages, oldest first. */
export const membersQuery = listQuery(['members', 'pages'], (cursor, signal) =>
  answer(routes.$get({ query: { cursor } }, { init: { signal } })),
)

/** As many as one call gives: for pickers, and for what people are called. */
export const manyMembersQuery = queryOptions({
  queryKey: ['members', 'many'],
  queryFn: ({ signal }) => answer(routes.$get({ query: { limit: '200' } }, { init: { signal } })),
  select: ({ data }) => data,
})

/** What people call them. Who was only named by somebody has no name yet. */
export const memberName = ({ name, email }: Pick<Member, 'name' | 'email'>): string => name || email

export function changeRole(userId: string, role: Role): Promise<Member> {
  return answer(routes[':id'].$put({ param: { id: userId }, json: { role } }))
}

export function removeMember(userId: string): Promise<undefined> {
  return answer(routes[':id'].$delete({ param: { id: userId } }))
}

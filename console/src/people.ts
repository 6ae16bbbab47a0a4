import { hc, type InferResponseType } from 'hono/client'
import type { usersAdminRoutes } from '../../server/src/accounts/admin-routes.ts'
import { answer } from './api.ts'
import { listQuery } from './list-query.ts'

/** The operator's own routes, which are not among those for everybody. */
const { users } = hc<ReturnType<typeof usersAdminRoutes>>('/api/admin')

/** Whoever has an account on this server, or was named to it. */
export type Person = InferResponseType<typeof users.$get, 200>['data'][number]

/** The longest that the server looks for. */
const LONGEST_SEARCH = 200

/** Everybody, or whom all words of a search are about: by pages, oldest first. Searched by the server, for they may be many. */
export function peopleQuery(search: string) {
  const q = search.trim().slice(0, LONGEST_SEARCH)
  return listQuery(['people', q], (cursor, signal) =>
    answer(users.$get({ query: { cursor, ...(q !== '' && { q }) } }, { init: { signal } })),
  )
}

export const disablePerson = (id: string) => answer(users[':id'].disable.$post({ param: { id } }))

export const enablePerson = (id: string) => answer(users[':id'].enable.$post({ param: { id } }))

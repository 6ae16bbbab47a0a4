import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from '@tanstack/react-query'
import { answer, api } from './api.ts'

const routes = api.api['sign-ins']

type Filter = Omit<Parameters<typeof routes.$get>[0]['query'], 'limit' | 'cursor'>

const readPage = (filter: Filter, cursor: string | undefined, signal: AbortSignal) =>
  answer(routes.$get({ query: { ...filter, ...(cursor && { cursor }) } }, { init: { signal } }))

/** One sign-in at a website, from the first page to its end. */
export type SignIn = Awaited<ReturnType<typeof readPage>>['data'][number]
export type SignInFilter = Filter
export type SignInStatus = SignIn['status']

/** The sign-ins at the organization's websites, and of its agents, newest first. */
export const signInsQuery = (filter: SignInFilter) =>
  infiniteQueryOptions({
    queryKey: ['sign-ins', 'pages', filter],
    queryFn: ({ pageParam, signal }) => readPage(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  })

export const signInQuery = (id: string) =>
  queryOptions({
    queryKey: ['sign-ins', 'one', id],
    queryFn: ({ signal }) => answer(routes[':id'].$get({ param: { id } }, { init: { signal } })),
  })

type Pages = InfiniteData<Awaited<ReturnType<typeof readPage>>, string | undefined>

/** Puts a sign-in that has just changed into every list that is shown, where it belongs now. */
export function mergeSignIn(client: QueryClient, signIn: SignIn): void {
  client.setQueryData(signInQuery(signIn.request_id).queryKey, signIn)
  for (const { queryKey } of client.getQueryCache().findAll({ queryKey: ['sign-ins', 'pages'] }))
    client.setQueryData<Pages>(queryKey, (before) => before && merged(before, signIn, queryKey[2] as SignInFilter))
}

function merged(pages: Pages, signIn: SignIn, filter: SignInFilter): Pages {
  const [first, ...rest] = pages.pages
  if (!first) return pages
  const fits = matches(signIn, filter)
  const update = (rows: SignIn[]) =>
    rows.flatMap((row) => (row.request_id !== signIn.request_id ? [row] : fits ? [signIn] : []))
  // Ids sort by age. One that is older than the top and not shown stands on a page that was not asked for.
  const isNew = fits && signIn.request_id > (first.data[0]?.request_id ?? '')
  const top = isNew ? [signIn, ...first.data] : update(first.data)
  return { ...pages, pages: [{ ...first, data: top }, ...rest.map((page) => ({ ...page, data: update(page.data) }))] }
}

function matches(signIn: SignIn, { status, agent_id, client_id }: SignInFilter): boolean {
  return (
    (status === undefined || signIn.status === status) &&
    (agent_id === undefined || signIn.agent_id === agent_id) &&
    (client_id === undefined || signIn.client_id === client_id)
  )
}

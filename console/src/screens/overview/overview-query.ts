import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../../api.ts'

const read = (signal: AbortSignal) => answer(api.api.overview.$get({}, { init: { signal } }))

export type Overview = Awaited<ReturnType<typeof read>>
export type Checklist = Overview['checklist']

export const isDone = (checklist: Checklist): boolean => Object.values(checklist).every(Boolean)

const WATCH_MS = 5000

/** Sign-ins come by push; a confirmed address and what others make do not, so the first steps are also watched. */
export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => read(signal),
  refetchOnWindowFocus: 'always',
  refetchInterval: ({ state }) => (state.data && !isDone(state.data.checklist) ? WATCH_MS : false),
})

import { queryOptions, useQuery } from '@tanstack/react-query'
import { answer, api } from './api.ts'

const readMe = (signal: AbortSignal) => answer(api.api.me.$get({}, { init: { signal } }))

export type Me = Awaited<ReturnType<typeof readMe>>
export type Role = Me['role']

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => readMe(signal),
  staleTime: 60_000,
  refetchOnWindowFocus: 'always',
})

export function switchOrganization(organizationId: string): Promise<Me> {
  return answer(api.api.me.organization.$put({ json: { organization_id: organizationId } }))
}

/** Who is signed in. Only inside the shell, which shows nothing before it knows. */
export function useMe(): Me {
  const { data } = useQuery(meQuery)
  if (!data) throw new Error('useMe is for screens inside the shell')
  return data
}

/** What the role allows; the server decides, this only hides what it would refuse. */
export function usePermissions(): { isAdmin: boolean; canWrite: boolean } {
  const { role } = useMe()
  return { isAdmin: role === 'admin', canWrite: role !== 'viewer' }
}

import { queryOptions, useQuery } from '@tanstack/react-query'
import { request } from './api.ts'

export type Role = 'admin' | 'member' | 'viewer'

export interface Me {
  user: { id: string; name: string; email: string; email_verified: boolean }
  organization: { id: string; name: string }
  role: Role
  organizations: { id: string; name: string; role: Role }[]
  operator: boolean
  session: { id: string; authenticated_at: string; fresh_until: string }
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => request<Me>('GET', '/api/me', { signal }),
  staleTime: 60_000,
  refetchOnWindowFocus: 'always',
})

export function switchOrganization(organizationId: string): Promise<Me> {
  return request<Me>('PUT', '/api/me/organization', { body: { organization_id: organizationId } })
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

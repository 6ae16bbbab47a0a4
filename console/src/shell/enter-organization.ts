import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { toast } from '../components/toast.tsx'
import { type Me, meQuery } from '../me.ts'
import { tellTabs } from '../session-channel.ts'
import { setSessionState } from '../session-state.ts'
import { announceEntering } from './moved.ts'

/** After the server has switched: nothing of the organization that one left may stay on the screen. */
export function useEnterOrganization(): (me: Me) => void {
  const client = useQueryClient()
  const navigate = useNavigate()
  return (me) => {
    announceEntering(me.organization.id)
    client.setQueryData(meQuery.queryKey, me)
    void navigate({ to: '/' })
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' && queryKey[0] !== 'account' })
    void client.invalidateQueries()
    setSessionState('fine')
    tellTabs('organization')
    toast.success(`You work for ${me.organization.name} now`)
  }
}

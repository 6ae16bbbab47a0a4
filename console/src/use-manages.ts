import { useQuery } from '@tanstack/react-query'
import { type Agent, allAgentsQuery } from './agents.ts'
import { useMe, usePermissions } from './me.ts'

/** Whether who looks may change the agent: its owner, and the administrators. The server decides; this saves a refusal. */
export function useManages(agent: Pick<Agent, 'user_id'> | undefined): boolean {
  const { user } = useMe()
  const { isAdmin, canWrite } = usePermissions()
  return isAdmin || (canWrite && agent?.user_id === user.id)
}

/** The same of agents that one knows by their id only: those whose sign-ins wait for an approval. */
export function useDecides(): (agentId: string) => boolean {
  const { user } = useMe()
  const { isAdmin, canWrite } = usePermissions()
  const { data: agents = [] } = useQuery({ ...allAgentsQuery, enabled: canWrite && !isAdmin })
  if (isAdmin) return () => true
  const own = new Set(agents.flatMap(({ agent_id, user_id }) => (user_id === user.id ? [agent_id] : [])))
  return (agentId) => canWrite && own.has(agentId)
}

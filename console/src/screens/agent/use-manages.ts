import type { Agent } from '../../agents.ts'
import { useMe, usePermissions } from '../../me.ts'

/** Whether who looks may change the agent: its owner, and the administrators. The server decides; this saves a refusal. */
export function useManages(agent: Pick<Agent, 'user_id'> | undefined): boolean {
  const { user } = useMe()
  const { isAdmin, canWrite } = usePermissions()
  return isAdmin || (canWrite && agent?.user_id === user.id)
}

import { expireAgentSecrets, retireAgentsOf } from '../storage/agents.ts'
import { denyOpenRequests } from '../storage/authorization-requests.ts'
import type { Work } from '../storage/database.ts'
import { revokeGrantsOf } from '../storage/grants.ts'
import { organizationTopic, requestTopic } from '../storage/topics.ts'

interface Retirement {
  orgId: string
  userId: string
  /** For whom they act if they are ever put to use again. */
  heirId: string
  actor: string
  reason: string
  now: number
}

/**
 * Takes the agents of somebody who has left an organization out of service: with their secrets or keys one could act there
 * as before. They are kept, for they are accounts at websites; a new secret and a word of their heir revive them.
 */
export async function retireAgents(
  { trx, record, notify }: Work,
  { orgId, userId, heirId, actor, reason, now }: Retirement,
): Promise<void> {
  for (const agentId of await retireAgentsOf(trx, { orgId, userId, heirId, now })) {
    await expireAgentSecrets(trx, agentId, now)
    await revokeGrantsOf(trx, { agent_id: agentId }, 'agent_disabled', now)
    for (const request of await denyOpenRequests(trx, { agent_id: agentId })) {
      notify(requestTopic(request.request_id))
      notify(organizationTopic(request.org_id))
    }
    record({
      at: now,
      org_id: orgId,
      actor,
      action: 'agent.disabled',
      target: agentId,
      agent_id: agentId,
      detail: { reason, user_id: heirId },
    })
  }
}

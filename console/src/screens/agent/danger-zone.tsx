import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type Agent, agentQuery, deleteAgent, disableAgent, enableAgent, nameOf, revokeAll } from '../../agents.ts'
import { Button } from '../../components/button.tsx'
import { DangerButton, DangerItem } from '../../components/danger.tsx'
import { ListCard } from '../../components/list-card.tsx'
import { useAct } from '../../use-act.ts'
import { NotYours } from './not-yours.tsx'

/** What these acts may change elsewhere. */
const CHANGES = ['agents', 'tokens', 'sign-ins', 'approvals', 'overview']

interface AgentDangerProps {
  agent: Agent
  manages: boolean
}

export function AgentDanger({ agent, manages }: AgentDangerProps) {
  const Standing = agent.disabled ? Enable : Disable
  return (
    <div className="grid max-w-3xl gap-4">
      {manages || <NotYours owner={agent.user_name} />}
      <ListCard label="Danger zone">
        <Standing agent={agent} manages={manages} />
        <RevokeAll agent={agent} manages={manages} />
        <Delete agent={agent} manages={manages} />
      </ListCard>
    </div>
  )
}

function Enable({ agent, manages }: AgentDangerProps) {
  const enable = useAct({
    act: () => enableAgent(agent.agent_id),
    changes: CHANGES,
    done: `${nameOf(agent)} can sign in again`,
  })
  const button = (
    <Button variant="outline" pending={enable.pending} disabled={!manages} onClick={() => enable.run()}>
      Enable
    </Button>
  )
  return (
    <DangerItem title="Enable the agent" action={button}>
      It is disabled: it is in nowhere, and every try is refused. Enabled, it can sign in again as its policy says.
    </DangerItem>
  )
}

function Disable({ agent, manages }: AgentDangerProps) {
  const disable = useAct({
    act: () => disableAgent(agent.agent_id),
    changes: CHANGES,
    done: `${nameOf(agent)} is disabled, and out everywhere`,
  })
  const button = (
    <DangerButton
      label="Disable"
      disabled={!manages}
      title={`Disable ${nameOf(agent)}?`}
      description="It is out of every website at once, sign-ins under way are denied, and it cannot sign in until you enable it."
      action="Disable agent"
      act={disable}
    />
  )
  return (
    <DangerItem title="Disable the agent" action={button}>
      Out everywhere at once, until you enable it again. Its secrets, key and policy stay.
    </DangerItem>
  )
}

function RevokeAll({ agent, manages }: AgentDangerProps) {
  const revoke = useAct({
    act: () => revokeAll(agent.agent_id),
    changes: CHANGES,
    done: ({ revoked }) => endedWords(revoked),
  })
  const button = (
    <DangerButton
      label="End all"
      disabled={!manages}
      title={`End every sign-in of ${nameOf(agent)}?`}
      description="The websites can no longer act on them, and its own tokens end too. It may sign in again right away; to keep it out, disable it."
      action="End all sign-ins"
      act={revoke}
    />
  )
  return (
    <DangerItem title="End every sign-in" action={button}>
      It is out of every website at once, and may sign in again.
    </DangerItem>
  )
}

function endedWords(count: number): string {
  if (count === 0) return 'It was in nowhere; its own tokens have ended'
  return count === 1 ? 'One sign-in is over' : `${count} sign-ins are over`
}

function Delete({ agent, manages }: AgentDangerProps) {
  const leave = useLeave(agent.agent_id)
  const remove = useAct({
    act: () => deleteAgent(agent.agent_id),
    changes: CHANGES.filter((part) => part !== 'agents'),
    done: `${nameOf(agent)} is deleted`,
    onDone: () => void leave(),
  })
  const button = (
    <DangerButton
      label="Delete"
      disabled={!manages}
      title={`Delete ${nameOf(agent)}?`}
      description="It is out of every website at once, and its id, secrets and key are gone. This cannot be undone."
      action="Delete agent"
      typed={nameOf(agent)}
      act={remove}
    />
  )
  return (
    <DangerItem title="Delete the agent" action={button}>
      For ever, with its secrets and its key. What it did stays in the audit log.
    </DangerItem>
  )
}

/** To the list, which must not show for a moment what is gone, nor may this screen ask for it again. */
function useLeave(agentId: string): () => Promise<void> {
  const navigate = useNavigate()
  const client = useQueryClient()
  return async () => {
    for (const lists of ['pages', 'all']) client.removeQueries({ queryKey: ['agents', lists] })
    await navigate({ to: '/agents', ignoreBlocker: true })
    client.removeQueries(agentQuery(agentId))
  }
}

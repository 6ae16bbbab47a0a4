import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Lightbulb } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import type { SignIn } from '../../sign-ins.ts'
import { type AgentTab, adviceFor, type Place } from './advice.ts'
import { refusedAgentQuery } from './refused-agent.ts'

/** Why it does not go on, in plain words, and the way to where it can be mended. */
export function AdviceNote({ signIn }: { signIn: SignIn }) {
  const advice = adviceFor(signIn)
  if (!advice) return null
  return (
    <div role="status" className="grid gap-2.5 rounded-lg bg-warning-ground p-3.5">
      <div className="flex gap-2.5">
        <Lightbulb className="mt-0.5 size-4 shrink-0 text-warning" aria-hidden />
        <div className="grid min-w-0 gap-0.5">
          <p className="font-medium">{advice.title}</p>
          <p className="text-[0.8125rem]">{advice.words}</p>
        </div>
      </div>
      {advice.place && (
        <Button variant="outline" size="sm" className="ml-6.5 justify-self-start" asChild>
          <PlaceLink place={advice.place} signIn={signIn} />
        </Button>
      )}
    </div>
  )
}

/** `rest` is the look of a button. */
function PlaceLink({ place, signIn, ...rest }: { place: Place; signIn: SignIn }) {
  if (place === 'approval')
    return (
      <Link to="/approvals" search={{ request_id: signIn.request_id }} {...rest}>
        Decide
      </Link>
    )
  if (place === 'application')
    return (
      <Link to="/applications/$clientId" params={{ clientId: signIn.client_id }} search={{ tab: 'settings' }} {...rest}>
        Open the application’s settings
      </Link>
    )
  return <AgentLink tab={place.agent} signIn={signIn} {...rest} />
}

const AGENT_TABS: Record<AgentTab, string> = {
  policy: 'Open the agent’s policy',
  secrets: 'Open the agent’s secrets',
  danger: 'Open the agent',
}

function AgentLink({ tab, signIn, ...rest }: { tab: AgentTab; signIn: SignIn }) {
  const { data: refused } = useQuery(refusedAgentQuery(signIn))
  const agentId = refused ?? signIn.agent_id
  if (agentId === null)
    return (
      <Link to="/agents" {...rest}>
        Open the agents
      </Link>
    )
  return (
    <Link to="/agents/$agentId" params={{ agentId }} search={{ tab }} {...rest}>
      {AGENT_TABS[tab]}
    </Link>
  )
}

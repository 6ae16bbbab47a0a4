import { Link } from '@tanstack/react-router'
import { Lightbulb } from 'lucide-react'
import { Button } from '../../components/button.tsx'
import type { SignIn } from '../../sign-ins.ts'
import { type Advice, adviceFor } from './advice.ts'

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
      <Mend place={advice.place} signIn={signIn} />
    </div>
  )
}

function Mend({ place, signIn }: { place: Advice['place']; signIn: SignIn }) {
  const link = linkTo(place, signIn)
  if (!link) return null
  return (
    <Button variant="outline" size="sm" className="ml-6.5 justify-self-start" asChild>
      {link}
    </Button>
  )
}

function linkTo(place: Advice['place'], { agent_id, client_id, request_id }: SignIn) {
  if (place === 'approval')
    return (
      <Link to="/approvals" search={{ request_id }}>
        Decide
      </Link>
    )
  if (place === 'application')
    return (
      <Link to="/applications/$clientId" params={{ clientId: client_id }} search={{ tab: 'settings' }}>
        Open the application
      </Link>
    )
  if (place !== 'agent') return undefined
  // A refused agent is not yet part of the sign-in, so it may be unknown here which one it was.
  if (agent_id === null) return <Link to="/agents">Open the agents</Link>
  return (
    <Link to="/agents/$agentId" params={{ agentId: agent_id }}>
      Open the agent
    </Link>
  )
}

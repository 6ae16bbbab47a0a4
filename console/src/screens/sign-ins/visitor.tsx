import { Bot, UserRound } from 'lucide-react'
import type { SignIn } from '../../sign-ins.ts'

/** The agent, with the model it runs on, or the person. */
export function Visitor({ signIn }: { signIn: SignIn }) {
  const { agent_id, agent_name, user_id, user_name, model } = signIn
  const name = agent_id === null ? (user_name ?? user_id) : (agent_name ?? agent_id)
  if (name === null) return <span className="text-muted-foreground">Nobody yet</span>
  const Icon = agent_id === null ? UserRound : Bot
  return (
    <div className="flex min-w-0 items-start gap-2">
      <Icon
        className="mt-0.5 size-4 shrink-0 text-muted-foreground"
        role="img"
        aria-label={agent_id === null ? 'Person' : 'Agent'}
      />
      <div className="min-w-0">
        <p className="truncate">{name}</p>
        {model !== null && <p className="truncate text-[0.8125rem] text-muted-foreground">{model}</p>}
      </div>
    </div>
  )
}

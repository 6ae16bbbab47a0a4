import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Check, Globe, X } from 'lucide-react'
import type { Approval } from '../../approvals.ts'
import { AssuranceBadge } from '../../components/assurance.tsx'
import { Button } from '../../components/button.tsx'
import { Card, CardFooter } from '../../components/card.tsx'
import { cn } from '../../components/class-names.ts'
import { Fact } from '../../components/fact.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { Initials } from '../../components/initials.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { ScopeWords } from '../../components/scope-words.tsx'
import { TimeLeft } from '../../components/time-left.tsx'
import { useDecides } from '../../use-manages.ts'
import { Outcome } from './outcome.tsx'
import { useDecision } from './use-decision.ts'

interface ApprovalCardProps {
  approval: Approval
  /** The one that the mail led to. */
  focused?: boolean
}

/** Everything one needs to know to decide, and the decision. */
export function ApprovalCard({ approval, focused = false }: ApprovalCardProps) {
  const decision = useDecision(approval.request_id)
  const decides = useDecides()
  // What this tab has just done is known before the list has been asked again.
  const latest = decision.data ?? approval
  const waits = latest.status === 'pending'
  const agent = approval.agent_name ?? approval.agent_id

  return (
    <Card className={cn(focused && waits && 'border-primary ring-1 ring-primary')}>
      <article aria-label={`${agent} at ${approval.client_name}`}>
        <Head approval={latest} agent={agent} />
        <Facts approval={approval} />
        {decision.failure && waits && (
          <div className="px-4 pb-4 sm:px-5">
            <FailureNote failure={decision.failure} />
          </div>
        )}
        {waits ? (
          decides(approval.agent_id) && <Buttons decision={decision} what={`${agent} at ${approval.client_name}`} />
        ) : (
          <Outcome approval={latest} here={decision.succeeded} />
        )}
      </article>
    </Card>
  )
}

function Head({ approval, agent }: { approval: Approval; agent: string }) {
  const client = useQueryClient()
  const askAgain = () => {
    void client.invalidateQueries({ queryKey: ['approvals'] })
    void client.invalidateQueries({ queryKey: ['sign-ins'] })
  }
  return (
    <div className="flex flex-wrap items-start gap-3 p-4 pb-0 sm:flex-nowrap sm:p-5 sm:pb-0">
      <Initials name={agent} className="size-10 max-sm:hidden" />
      <div className="grid min-w-0 flex-1 gap-1">
        <h2 className="text-base leading-snug font-semibold tracking-tight">
          <Link to="/agents/$agentId" params={{ agentId: approval.agent_id }} className="hover:underline">
            <bdi>{agent}</bdi>
          </Link>{' '}
          <span className="font-normal text-muted-foreground">wants to sign in at</span>{' '}
          <bdi>{approval.client_name}</bdi>
        </h2>
        <p className="flex items-center gap-1.5 text-muted-foreground">
          <Globe className="size-4 shrink-0" aria-hidden />
          <span className="font-mono text-[0.8125rem] break-all">{approval.host}</span>
        </p>
      </div>
      {approval.status === 'pending' && <TimeLeft until={approval.expires_at} onEnd={askAgain} />}
    </div>
  )
}

function Facts({ approval }: { approval: Approval }) {
  return (
    <div className="grid gap-x-8 gap-y-4 p-4 sm:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] sm:p-5 sm:pl-18">
      <div className="grid content-start gap-1">
        <h3 className="text-[0.8125rem] text-muted-foreground">The website will be able to</h3>
        <ScopeWords scope={approval.scope} />
      </div>
      <dl className="grid content-start gap-3">
        <Fact label="Runs on">{approval.model ?? 'a model it did not name'}</Fact>
        <Fact label="Proved itself with">
          <AssuranceBadge acr={approval.acr} />
        </Fact>
        <Fact label="Asked">
          <RelativeTime at={approval.asked_at} />
        </Fact>
      </dl>
    </div>
  )
}

interface ButtonsProps {
  decision: ReturnType<typeof useDecision>
  /** Which one, for who hears only the button. */
  what: string
}

function Buttons({ decision, what }: ButtonsProps) {
  const { run, pending, tried } = decision
  return (
    <CardFooter className="rounded-b-xl max-sm:grid max-sm:grid-cols-2">
      <Button
        variant="outline"
        size="lg"
        pending={pending && tried === 'deny'}
        aria-label={`Deny ${what}`}
        onClick={() => run('deny')}
      >
        <X aria-hidden />
        Deny
      </Button>
      <Button
        size="lg"
        pending={pending && tried === 'approve'}
        aria-label={`Approve ${what}`}
        onClick={() => run('approve')}
      >
        <Check aria-hidden />
        Approve
      </Button>
    </CardFooter>
  )
}

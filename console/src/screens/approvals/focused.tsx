import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { MailQuestion, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { ApiFailure } from '../../api.ts'
import type { Approval } from '../../approvals.ts'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { Skeleton } from '../../components/skeleton.tsx'
import { focusContent } from '../../focus-content.ts'
import { useMe } from '../../me.ts'
import { type SignIn, signInQuery } from '../../sign-ins.ts'
import { ApprovalCard } from './approval-card.tsx'

/** The one that the mail, or the overview, led to, above all others, in whatever state it is now. */
export function FocusedApproval({ requestId }: { requestId: string }) {
  const signIn = useQuery(signInQuery(requestId))
  const missing = signIn.error instanceof ApiFailure && signIn.error.status === 404
  return (
    <section aria-labelledby="focused" className="mb-8 grid gap-2.5">
      <div className="flex items-center justify-between gap-3">
        <h2 id="focused" className="font-semibold">
          The one you opened
        </h2>
        <Button variant="ghost" size="sm" asChild>
          <Link to="/approvals" search={({ status }) => ({ status })} replace onClick={focusContent}>
            <X aria-hidden />
            Put away
          </Link>
        </Button>
      </div>
      {missing ? (
        <NotHere />
      ) : (
        <Loaded query={signIn} skeleton={<Skeleton className="h-52 rounded-xl" />}>
          {(found) => <Found signIn={found} />}
        </Loaded>
      )}
    </section>
  )
}

function Found({ signIn }: { signIn: SignIn }) {
  const approval = approvalOf(signIn)
  if (approval) return <ApprovalCard approval={approval} focused />
  return (
    <Note title="Nobody is asked here">
      {signIn.agent_name ?? 'The agent'} signs in at {signIn.client_name} by itself, so there is nothing to decide.
    </Note>
  )
}

function NotHere() {
  const { organization, organizations } = useMe()
  return (
    <Note title="This sign-in is not here">
      {organizations.length > 1
        ? `It is not one of ${organization.name}. If it belongs to another of your organizations, go there first and open the link again.`
        : 'The agent may have been deleted, or the mail was meant for another account of yours.'}
    </Note>
  )
}

function Note({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card>
      <EmptyState icon={MailQuestion} title={title}>
        {children}
      </EmptyState>
    </Card>
  )
}

/** A sign-in as the queue would show it; undefined when no person was asked. */
function approvalOf(signIn: SignIn): Approval | undefined {
  const at = (step: SignIn['timeline'][number]['step']) => signIn.timeline.find((each) => each.step === step)
  const asked = at('approval_asked')
  if (!asked || signIn.agent_id === null) return undefined
  const decided = at('approved') ?? at('denied')
  return {
    ...signIn,
    agent_id: signIn.agent_id,
    status: statusOf(signIn, at('approved') !== undefined),
    asked_at: asked.at,
    decided_at: decided?.at ?? null,
    decided_by_name: decided?.reason ?? null,
  }
}

function statusOf({ status }: SignIn, approved: boolean): Approval['status'] {
  if (status === 'approval_required') return 'pending'
  if (status === 'denied') return 'denied'
  return approved ? 'approved' : 'expired'
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { signOut } from '../../account.ts'
import { ApiFailure, answer, api } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { ErrorState } from '../../components/error-state.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { RelativeTime } from '../../components/relative-time.tsx'
import { Skeleton } from '../../components/skeleton.tsx'
import { goTo, HOME, here } from '../../continue-to.ts'
import { type Me, meQuery, type Role } from '../../me.ts'
import { tellTabs } from '../../session-channel.ts'
import { useAct } from '../../use-act.ts'
import { AccountPage } from './account-page.tsx'

const route = getRouteApi('/invitation')

const readInvitation = (token: string, signal: AbortSignal) =>
  answer(api.api.invitations['by-token'].$get({ query: { token } }, { init: { signal } }))

type Invitation = Awaited<ReturnType<typeof readInvitation>>

/** Where the link of an invitation ends. One reads it signed out, and accepts it signed in. */
export function InvitationScreen() {
  const { token = '' } = route.useSearch()
  const invitation = useQuery({
    queryKey: ['invitation', token],
    queryFn: ({ signal }) => readInvitation(token, signal),
  })
  const me = useQuery({ ...meQuery, retry: false })

  if (invitation.error instanceof ApiFailure && [400, 404, 410, 422].includes(invitation.error.status)) return <Gone />
  if (invitation.error)
    return (
      <AccountPage title="Your invitation">
        <ErrorState error={invitation.error} retry={() => void invitation.refetch()} className="p-0" />
      </AccountPage>
    )
  if (!invitation.data || me.isPending) return <Loading />
  return <Offer invitation={invitation.data} token={token} me={me.data} />
}

interface OfferProps {
  invitation: Invitation
  token: string
  me: Me | undefined
}

const ROLES: Record<Role, string> = {
  admin: 'As an administrator you manage everything in it, its members too.',
  member: 'As a member you register agents and applications.',
  viewer: 'As a viewer you see what is going on and change nothing.',
}

function Offer({ invitation, token, me }: OfferProps) {
  const { organization_name: organization, role, email, expires_at } = invitation
  return (
    <AccountPage
      title={`Join ${organization}`}
      description={
        <>
          You were invited as <strong className="font-medium text-foreground">{email}</strong>. {ROLES[role]} The
          invitation ends <RelativeTime at={expires_at} />.
        </>
      }
    >
      {!me && <Arrive email={email} />}
      {me && me.user.email.toLowerCase() === email.toLowerCase() && (
        <Accept token={token} organization={organization} />
      )}
      {me && me.user.email.toLowerCase() !== email.toLowerCase() && <OtherPerson me={me} email={email} />}
    </AccountPage>
  )
}

function Accept({ token, organization }: { token: string; organization: string }) {
  const accept = useAct({
    act: () => answer(api.api.invitations.accept.$post({ json: { token } })),
    inForm: true,
    onDone: () => {
      tellTabs('organization')
      goTo(HOME)
    },
  })
  return (
    <>
      {accept.failure && <FailureNote failure={accept.failure} />}
      <Button size="lg" pending={accept.pending} onClick={() => accept.run()}>
        Join {organization}
      </Button>
    </>
  )
}

function Arrive({ email }: { email: string }) {
  return (
    <div className="grid gap-2">
      <Button size="lg" asChild>
        <Link to="/sign-up" search={{ continue: here(), email }}>
          Create an account
        </Link>
      </Button>
      <Button size="lg" variant="outline" asChild>
        <Link to="/sign-in" search={{ continue: here() }}>
          I have an account
        </Link>
      </Button>
    </div>
  )
}

function OtherPerson({ me, email }: { me: Me; email: string }) {
  const leave = useAct({ act: signOut, onDone: () => location.reload() })
  return (
    <>
      <p className="rounded-lg bg-warning-ground px-3 py-2.5 text-warning">
        You are signed in as {me.user.email}, and the invitation is for {email}. Sign out, then come in as {email}.
      </p>
      <Button size="lg" pending={leave.pending} onClick={() => leave.run()}>
        Sign out
      </Button>
    </>
  )
}

function Gone() {
  return (
    <AccountPage
      title="This invitation no longer works"
      description="It has expired, was taken back or was accepted already. Ask who invited you for a new one."
    >
      <Button size="lg" variant="outline" asChild>
        <Link to="/">To the console</Link>
      </Button>
    </AccountPage>
  )
}

function Loading(): ReactNode {
  return (
    <AccountPage title="Your invitation">
      <div role="status" className="grid gap-3">
        <span className="sr-only">Loading the invitation</span>
        <Skeleton className="h-4 w-3/4" />
        <Skeleton className="h-11" />
      </div>
    </AccountPage>
  )
}

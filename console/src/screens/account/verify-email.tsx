import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { sendVerificationEmail } from '../../account.ts'
import { Button } from '../../components/button.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { goTo } from '../../continue-to.ts'
import { meQuery } from '../../me.ts'
import { useAct } from '../../use-act.ts'
import { AccountPage } from './account-page.tsx'
import { DevelopmentInbox } from './development-inbox.tsx'
import { SendAgain } from './send-again.tsx'
import { useSignedInElsewhere } from './signed-in-elsewhere.ts'
import { rememberUnverified, unverifiedEmail } from './unverified.ts'
import { verifiedCallback } from './verification.ts'

const route = getRouteApi('/verify-email')

/** Before the link of the mail was followed, and where it ends. */
export function VerifyEmailScreen() {
  const { state, error, continue: continueAt } = route.useSearch()
  if (error !== undefined) return <Expired continueAt={continueAt} />
  if (state === 'done') return <Done continueAt={continueAt} />
  return <Sent continueAt={continueAt} />
}

interface StateProps {
  continueAt: string | undefined
}

function Sent({ continueAt }: StateProps) {
  const [email, setEmail] = useState(unverifiedEmail())
  useSignedInElsewhere(() => goTo(continueAt))
  if (email === undefined)
    return (
      <AccountPage
        title="Confirm your email"
        description="Tell us your email and we send you a link."
        foot={<BackToSignIn continueAt={continueAt} />}
      >
        <AskEmail continueAt={continueAt} onSent={setEmail} />
      </AccountPage>
    )

  return (
    <AccountPage
      title="Check your mail"
      description={
        <>
          We sent a link to <strong className="font-medium text-foreground">{email}</strong>. Open it to confirm your
          email; this page goes on by itself.
        </>
      }
      foot={<BackToSignIn continueAt={continueAt} />}
    >
      <DevelopmentInbox email={email} />
      <p className="text-[0.8125rem] text-muted-foreground">
        Nothing there after a minute? Look into the spam folder, then let us send it again.
      </p>
      <SendAgain email={email} continueAt={continueAt} />
    </AccountPage>
  )
}

function Expired({ continueAt }: StateProps) {
  const navigate = useNavigate()
  return (
    <AccountPage
      title="This link no longer works"
      description="It has expired or was used already. If you confirmed your email before, just sign in; if not, we send you a new link."
      foot={<BackToSignIn continueAt={continueAt} />}
    >
      <AskEmail
        continueAt={continueAt}
        onSent={() => void navigate({ to: '/verify-email', search: { continue: continueAt } })}
      />
    </AccountPage>
  )
}

function Done({ continueAt }: StateProps) {
  const { data: me } = useQuery(meQuery)
  return (
    <AccountPage
      title="Your email is confirmed"
      description={me ? `You are signed in as ${me.user.email}.` : 'Sign in to go on.'}
    >
      {me ? (
        <Button size="lg" onClick={() => goTo(continueAt)}>
          Continue
        </Button>
      ) : (
        <Button size="lg" asChild>
          <Link to="/sign-in" search={{ continue: continueAt }}>
            Sign in
          </Link>
        </Button>
      )}
    </AccountPage>
  )
}

interface AskEmailProps extends StateProps {
  onSent: (email: string) => void
}

function AskEmail({ continueAt, onSent }: AskEmailProps) {
  const send = useAct({
    act: (email: string) => sendVerificationEmail(email, verifiedCallback(continueAt)),
    inForm: true,
    onDone: (_, email) => {
      rememberUnverified(email)
      onSent(email)
    },
  })
  return (
    <Form failure={send.failure} onSubmit={(data) => send.run(String(data.get('email')).trim())}>
      <FormField label="Email" name="email">
        <Input type="email" required autoComplete="email" defaultValue={unverifiedEmail()} />
      </FormField>
      <Button type="submit" size="lg" pending={send.pending}>
        Send the link
      </Button>
    </Form>
  )
}

function BackToSignIn({ continueAt }: StateProps) {
  return (
    <Link to="/sign-in" search={{ continue: continueAt }} className="link">
      Back to sign in
    </Link>
  )
}

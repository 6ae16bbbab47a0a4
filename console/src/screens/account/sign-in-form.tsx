import { browserSupportsWebAuthnAutofill } from '@simplewebauthn/browser'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Fingerprint } from 'lucide-react'
import { useEffect, useEffectEvent } from 'react'
import { providersQuery, signIn, signInWith, signInWithPasskey, stopAskingPasskey } from '../../account.ts'
import { isFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input, PasswordInput } from '../../components/input.tsx'
import { continueTo } from '../../continue-to.ts'
import { useAct } from '../../use-act.ts'
import { GitHubMark, GoogleMark } from './provider-marks.tsx'
import { UnverifiedNote } from './unverified-note.tsx'
import { verifiedCallback } from './verification.ts'

interface SignInFormProps {
  /** Known already, in the dialog of who was signed out. */
  email?: string
  /** Where the ways lead that leave this page: a provider, the confirmation mail. */
  continueAt: string | undefined
  onSignedIn: () => void
}

export function SignInForm({ email, continueAt, onSignedIn }: SignInFormProps) {
  const password = useAct({
    act: async (credentials: { email: string; password: string }) => {
      stopAskingPasskey()
      await signIn({ ...credentials, callbackURL: verifiedCallback(continueAt) })
    },
    inForm: true,
    onDone: onSignedIn,
  })
  const passkey = useAct({ act: () => signInWithPasskey(), inForm: true, onDone: onSignedIn })
  usePasskeyAutofill(onSignedIn)

  const unverified = isFailure(password.failure, 'email_not_verified')
  const failure = unverified ? undefined : (password.failure ?? passkey.failure)
  return (
    <div className="grid gap-4">
      {unverified && <UnverifiedNote email={password.tried?.email ?? ''} continueAt={continueAt} />}
      <Form
        failure={failure}
        onSubmit={(data) => {
          passkey.reset()
          password.run({ email: String(data.get('email')), password: String(data.get('password')) })
        }}
      >
        <FormField label="Email" name="email">
          <Input
            type="email"
            required
            autoFocus={!email}
            autoComplete="username webauthn"
            defaultValue={email}
            placeholder="you@example.com"
          />
        </FormField>
        <FormField label="Password" name="password" aside={<ForgotPassword apart={Boolean(email)} />}>
          <PasswordInput required autoFocus={Boolean(email)} autoComplete="current-password" />
        </FormField>
        <Button type="submit" size="lg" pending={password.pending}>
          Sign in
        </Button>
      </Form>
      <div className="flex items-center gap-3 text-xs text-muted-foreground" aria-hidden>
        <span className="h-px flex-1 bg-border" />
        or
        <span className="h-px flex-1 bg-border" />
      </div>
      <div className="grid gap-2">
        <Button
          variant="outline"
          size="lg"
          pending={passkey.pending}
          onClick={() => {
            password.reset()
            passkey.run()
          }}
        >
          <Fingerprint aria-hidden />
          Sign in with a passkey
        </Button>
        <ProviderButtons continueAt={continueAt} />
      </div>
    </div>
  )
}

/** `apart`: above a screen with typed text, which another tab leaves alone. */
function ForgotPassword({ apart }: { apart: boolean }) {
  return (
    <Link to="/forgot-password" className="link" {...(apart && { target: '_blank' })}>
      Forgot your password?
    </Link>
  )
}

/** GitHub and Google, where the server knows them. */
export function ProviderButtons({ continueAt }: { continueAt: string | undefined }) {
  const { data: providers } = useQuery(providersQuery)
  const leave = useAct({
    act: (provider: 'github' | 'google') => signInWith(provider, continueTo(continueAt)),
    onDone: (url) => location.assign(url),
  })
  return (
    <>
      {providers?.github && (
        <Button variant="outline" size="lg" pending={leave.pending} onClick={() => leave.run('github')}>
          <GitHubMark />
          Continue with GitHub
        </Button>
      )}
      {providers?.google && (
        <Button variant="outline" size="lg" pending={leave.pending} onClick={() => leave.run('google')}>
          <GoogleMark />
          Continue with Google
        </Button>
      )}
    </>
  )
}

/** The browser offers the passkeys it knows in the email field. Nobody asked for it, so a failure is silent. */
function usePasskeyAutofill(onSignedIn: () => void): void {
  const done = useEffectEvent(onSignedIn)
  useEffect(() => {
    let left = false
    const offer = async () => {
      if (!(await browserSupportsWebAuthnAutofill()) || left) return
      await signInWithPasskey({ autofill: true })
      if (!left) done()
    }
    offer().catch(() => undefined)
    return () => {
      left = true
      stopAskingPasskey()
    }
  }, [])
}

import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { providersQuery, signUp } from '../../account.ts'
import { isFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { goTo } from '../../continue-to.ts'
import { useAct } from '../../use-act.ts'
import { AccountPage } from './account-page.tsx'
import { NewPasswordField } from './new-password-field.tsx'
import { ProviderButtons } from './sign-in-form.tsx'
import { useSignedInElsewhere } from './signed-in-elsewhere.ts'
import { rememberUnverified } from './unverified.ts'
import { verifiedCallback } from './verification.ts'

const route = getRouteApi('/sign-up')

export function SignUpScreen() {
  const { continue: continueAt, email: invited } = route.useSearch()
  const navigate = useNavigate()
  const [password, setPassword] = useState('')
  const { data: providers } = useQuery(providersQuery)
  useSignedInElsewhere(() => goTo(continueAt))

  const create = useAct({
    act: (details: { name: string; email: string; password: string }) =>
      signUp({ ...details, callbackURL: verifiedCallback(continueAt) }),
    inForm: true,
    onDone: ({ token }, { email }) => {
      if (token !== null) return goTo(continueAt)
      rememberUnverified(email)
      void navigate({ to: '/verify-email', search: { continue: continueAt } })
    },
  })

  return (
    <AccountPage
      title="Create your account"
      description="Register agents, put the button on your website, see and stop everything they do."
      foot={
        <>
          Have an account?{' '}
          <Link to="/sign-in" search={{ continue: continueAt }} className="link">
            Sign in
          </Link>
        </>
      }
    >
      <Form
        failure={create.failure}
        onSubmit={(data) =>
          create.run({ name: String(data.get('name')).trim(), email: String(data.get('email')).trim(), password })
        }
      >
        <FormField label="Your name" name="name">
          <Input required autoFocus autoComplete="name" maxLength={100} />
        </FormField>
        <FormField
          label="Email"
          name="email"
          error={
            isFailure(create.failure, 'user_already_exists_use_another_email')
              ? 'There is an account with this email. Sign in instead, or reset its password.'
              : undefined
          }
        >
          <Input type="email" required autoComplete="email" defaultValue={invited} placeholder="you@example.com" />
        </FormField>
        <NewPasswordField name="password" label="Password" value={password} onChange={setPassword} />
        <Button type="submit" size="lg" pending={create.pending}>
          Create account
        </Button>
      </Form>
      {(providers?.github || providers?.google) && (
        <div className="grid gap-2 border-t pt-5">
          <ProviderButtons continueAt={continueAt} />
        </div>
      )}
    </AccountPage>
  )
}

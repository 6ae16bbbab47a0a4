import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { resetPassword } from '../../account.ts'
import { isFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { Form } from '../../components/form-field.tsx'
import { useAct } from '../../use-act.ts'
import { AccountPage } from './account-page.tsx'
import { NewPasswordField } from './new-password-field.tsx'

const route = getRouteApi('/reset-password')

/** Where the link of the mail ends, with a token or with the news that it has expired. */
export function ResetPasswordScreen() {
  const { token, error } = route.useSearch()
  const [password, setPassword] = useState('')
  const reset = useAct({ act: (newPassword: string) => resetPassword(token ?? '', newPassword), inForm: true })

  if (token === undefined || error !== undefined || isFailure(reset.failure, 'invalid_token')) return <Expired />
  if (reset.succeeded) return <Done />
  return (
    <AccountPage title="Set a new password" description="It takes the place of the old one at once.">
      <Form failure={reset.failure} onSubmit={() => reset.run(password)}>
        <NewPasswordField name="newPassword" label="New password" value={password} onChange={setPassword} />
        <Button type="submit" size="lg" pending={reset.pending}>
          Set password
        </Button>
      </Form>
    </AccountPage>
  )
}

function Expired() {
  return (
    <AccountPage
      title="This link no longer works"
      description="It has expired or was used already. Ask for a new one; only the newest link works."
    >
      <Button size="lg" asChild>
        <Link to="/forgot-password">Send a new link</Link>
      </Button>
    </AccountPage>
  )
}

function Done() {
  return (
    <AccountPage title="Your password is set" description="Sign in with it now.">
      <Button size="lg" asChild>
        <Link to="/sign-in">Sign in</Link>
      </Button>
    </AccountPage>
  )
}

import { Link } from '@tanstack/react-router'
import { requestPasswordReset } from '../../account.ts'
import { Button } from '../../components/button.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { useAct } from '../../use-act.ts'
import { AccountPage } from './account-page.tsx'
import { DevelopmentInbox } from './development-inbox.tsx'

export function ForgotPasswordScreen() {
  const ask = useAct({ act: requestPasswordReset, inForm: true })
  const foot = (
    <Link to="/sign-in" className="link">
      Back to sign in
    </Link>
  )

  if (ask.succeeded)
    return (
      <AccountPage
        title="Check your mail"
        // The same whether there is such an account or not: nobody finds out here who has one.
        description={
          <>
            If there is an account for <strong className="font-medium text-foreground">{ask.tried}</strong>, a link to
            set a new password is on its way. It works for a short while.
          </>
        }
        foot={foot}
      >
        <DevelopmentInbox email={ask.tried ?? ''} />
        <Button variant="outline" onClick={ask.reset}>
          Use another email
        </Button>
      </AccountPage>
    )

  return (
    <AccountPage
      title="Forgot your password?"
      description="We send you a link with which you set a new one."
      foot={foot}
    >
      <Form failure={ask.failure} onSubmit={(data) => ask.run(String(data.get('email')).trim())}>
        <FormField label="Email" name="email">
          <Input type="email" required autoFocus autoComplete="username" defaultValue={ask.tried} />
        </FormField>
        <Button type="submit" size="lg" pending={ask.pending}>
          Send the link
        </Button>
      </Form>
    </AccountPage>
  )
}

import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { changePassword, type PasswordChange } from '../../account.ts'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardFooter, CardHeader } from '../../components/card.tsx'
import { Checkbox } from '../../components/checkbox.tsx'
import { ChoiceField, Form, FormField } from '../../components/form-field.tsx'
import { PasswordInput } from '../../components/input.tsx'
import { useMe } from '../../me.ts'
import { useAct } from '../../use-act.ts'
import { NewPasswordField } from '../account/new-password-field.tsx'

export function PasswordSettings() {
  // A form anew after each change: nothing of what was typed stays in it.
  const [changes, setChanges] = useState(0)
  return <ChangePassword key={changes} onChanged={() => setChanges(changes + 1)} />
}

function ChangePassword({ onChanged }: { onChanged: () => void }) {
  const { user } = useMe()
  const [newPassword, setNewPassword] = useState('')
  const [revokeOtherSessions, setRevoke] = useState(true)
  const change = useAct({
    act: (input: PasswordChange) => changePassword(input),
    changes: ['sessions', 'me'],
    done: (_, { revokeOtherSessions: revoked }) =>
      revoked ? 'Your password is changed, and other browsers are signed out' : 'Your password is changed',
    onDone: onChanged,
    inForm: true,
  })
  return (
    <Card>
      <CardHeader title="Change your password" description="The new one takes the place of the old one at once." />
      <Form
        failure={change.failure}
        onSubmit={(data) =>
          change.run({ currentPassword: String(data.get('currentPassword')), newPassword, revokeOtherSessions })
        }
        className="gap-0"
      >
        <CardContent className="grid gap-4">
          {/* So that a password manager knows whose password it is. */}
          <input type="email" autoComplete="username" value={user.email} readOnly hidden />
          <FormField label="Current password" name="currentPassword" aside={<NoPassword />}>
            <PasswordInput required maxLength={128} autoComplete="current-password" />
          </FormField>
          <NewPasswordField name="newPassword" label="New password" value={newPassword} onChange={setNewPassword} />
          <ChoiceField
            label="Sign out all other browsers"
            hint="Leave this on if somebody may know the old one. You stay signed in here."
          >
            <Checkbox checked={revokeOtherSessions} onCheckedChange={(checked) => setRevoke(checked === true)} />
          </ChoiceField>
        </CardContent>
        <CardFooter>
          <Button type="submit" pending={change.pending}>
            Change password
          </Button>
        </CardFooter>
      </Form>
    </Card>
  )
}

/** Who forgot it, and who came by GitHub or Google and never had one. */
function NoPassword() {
  return (
    <Link to="/forgot-password" className="link">
      Forgot it, or have none?
    </Link>
  )
}

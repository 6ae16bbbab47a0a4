import { useState } from 'react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import type { Role } from '../../me.ts'
import { useAct } from '../../use-act.ts'
import { InvitationLink } from './invitation-link.tsx'
import { invite, type NewInvitation } from './organization.ts'
import { ROLES } from './roles.ts'

interface InviteProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Asks whom, then shows the link this once. */
export function Invite({ open, onOpenChange }: InviteProps) {
  const send = useAct({ act: invite, changes: ['invitations'], inForm: true, onDone: () => onOpenChange(false) })
  // What is under way still comes to its end, and its link is shown then; an old failure is no news.
  const change = (opened: boolean) => {
    if (!send.pending) send.reset()
    onOpenChange(opened)
  }
  return (
    <>
      <Dialog open={open} onOpenChange={change}>
        <DialogContent
          title="Invite somebody"
          description="They get a mail with a link. Only who has this address can accept."
        >
          <InviteForm failure={send.failure} pending={send.pending} onInvite={send.run} />
        </DialogContent>
      </Dialog>
      <InvitationLink made={send.data} onClose={send.reset} />
    </>
  )
}

interface InviteFormProps {
  failure: ApiFailure | undefined
  pending: boolean
  onInvite: (invitation: NewInvitation) => void
}

function InviteForm({ failure, pending, onInvite }: InviteFormProps) {
  const [role, setRole] = useState<Role>('member')
  return (
    <Form
      failure={failure}
      onSubmit={(data) => onInvite({ email: String(data.get('email')).trim(), role })}
      className="flex min-h-0 flex-col gap-0"
    >
      <DialogBody>
        <FormField label="Email" name="email">
          <Input type="email" required autoFocus autoComplete="off" maxLength={254} placeholder="grace@example.com" />
        </FormField>
        <FieldGroup legend="Role">
          <RadioGroup value={role} onValueChange={(chosen: Role) => setRole(chosen)} aria-label="Role">
            {ROLES.map(({ role: value, label, can }) => (
              <RadioChoice key={value} value={value} label={label} hint={can} />
            ))}
          </RadioGroup>
        </FieldGroup>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" pending={pending}>
          Send invitation
        </Button>
      </DialogFooter>
    </Form>
  )
}

import type { ReactNode } from 'react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { DialogBody, DialogFooter } from '../../components/dialog.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'

interface PasskeyFormProps {
  /** What stands in the field at first. */
  name: string
  /** The verb on the button. */
  action: string
  failure: ApiFailure | undefined
  pending: boolean
  onSubmit: (name: string) => void
  /** What happens next. */
  children?: ReactNode
}

/** The name of a passkey that is made, or that has one already. */
export function PasskeyForm({ name, action, failure, pending, onSubmit, children }: PasskeyFormProps) {
  return (
    <Form
      failure={failure}
      onSubmit={(data) => onSubmit(String(data.get('name')).trim())}
      className="flex min-h-0 flex-col gap-0"
    >
      <DialogBody>
        <FormField label="Name" name="name" hint="So that you know later which device it is on.">
          <Input required autoFocus maxLength={100} autoComplete="off" defaultValue={name} />
        </FormField>
        {children}
      </DialogBody>
      <DialogFooter>
        <Button type="submit" pending={pending}>
          {action}
        </Button>
      </DialogFooter>
    </Form>
  )
}

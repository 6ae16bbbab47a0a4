import { RotateCw } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { ApiFailure } from '../api.ts'
import { useAct } from '../use-act.ts'
import { Button } from './button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from './dialog.tsx'
import { FieldGroup } from './field-group.tsx'
import { Form } from './form-field.tsx'
import { RadioChoice, RadioGroup } from './radio-group.tsx'

const OVERLAPS = [
  { seconds: 0, label: 'At once', hint: 'When the old one may be in wrong hands. Whoever still uses it is refused.' },
  { seconds: 3600, label: 'In an hour', hint: 'Time to put the new one in place.' },
  { seconds: 86_400, label: 'In a day', hint: 'For what is deployed once a day.' },
  { seconds: 7 * 86_400, label: 'In a week', hint: 'For what several people look after.' },
] as const

interface RotateSecretProps<Made> {
  /** `overlap`: for how many seconds the old secret lives on. */
  act: (overlap: number) => Promise<Made>
  /** As of `useAct`. */
  changes: readonly string[]
  /** More to choose about the new secret. */
  choices?: ReactNode
  /** Shows what was made, once. */
  children: (made: Made | undefined, onClose: () => void) => ReactNode
}

/** The button for a new secret, the question when the old one ends, and then the new one. */
export function RotateSecret<Made>({ act, changes, choices, children }: RotateSecretProps<Made>) {
  const [open, setOpen] = useState(false)
  const rotate = useAct({ act, changes, inForm: true, onDone: () => setOpen(false) })
  return (
    <>
      <Button variant="outline" size="sm" onClick={() => setOpen(true)}>
        <RotateCw aria-hidden />
        New secret
      </Button>
      <Dialog open={open} onOpenChange={setOpen}>
        <DialogContent title="New secret" description="Makes a secret that takes the place of the one in use.">
          <RotationForm onRotate={rotate.run} pending={rotate.pending} failure={rotate.failure}>
            {choices}
          </RotationForm>
        </DialogContent>
      </Dialog>
      {children(rotate.data, rotate.reset)}
    </>
  )
}

interface RotationFormProps {
  onRotate: (overlap: number) => void
  pending: boolean
  failure: ApiFailure | undefined
  children: ReactNode
}

function RotationForm({ onRotate, pending, failure, children }: RotationFormProps) {
  const [overlap, setOverlap] = useState('3600')
  return (
    <Form failure={failure} onSubmit={() => onRotate(Number(overlap))} className="flex min-h-0 flex-col gap-0">
      <DialogBody className="gap-5">
        <FieldGroup legend="When does the old secret end?" error={failure?.fields.overlap}>
          <RadioGroup value={overlap} onValueChange={setOverlap}>
            {OVERLAPS.map(({ seconds, label, hint }) => (
              <RadioChoice key={seconds} value={String(seconds)} label={label} hint={hint} />
            ))}
          </RadioGroup>
        </FieldGroup>
        {children}
      </DialogBody>
      <DialogFooter>
        <Button type="submit" pending={pending}>
          Make a new secret
        </Button>
      </DialogFooter>
    </Form>
  )
}

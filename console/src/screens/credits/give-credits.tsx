import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogBody, DialogContent, DialogFooter } from '../../components/dialog.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { centsOf, giveCredits } from '../../credits.ts'
import { balanceOf } from '../../money.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

/** Whom to give to, and what to call them. */
export interface CreditedPerson {
  id: string
  name: string
}

interface GiveCreditsProps {
  /** Undefined keeps the dialog closed. */
  person: CreditedPerson | undefined
  onClose: () => void
}

/** For whoever runs the server: they pay for what is given. */
export function GiveCredits({ person, onClose }: GiveCreditsProps) {
  const asked = useLast(person)
  return (
    <Dialog open={person !== undefined} onOpenChange={(open) => open || onClose()}>
      <DialogContent
        title={`Give credits to ${asked?.name}`}
        description="They pay for calls of models, do not end, and come after what apps gave. You cannot take them back."
      >
        {asked && <GiveForm key={asked.id} person={asked} onDone={onClose} />}
      </DialogContent>
    </Dialog>
  )
}

function GiveForm({ person, onDone }: { person: CreditedPerson; onDone: () => void }) {
  const [amount, setAmount] = useState('')
  const cents = centsOf(amount)
  const [isTried, setTried] = useState(false)
  const give = useAct({
    act: (reason: string) => giveCredits(person.id, { amount_cents: cents, reason }),
    changes: ['payment-method', 'people', 'audit'],
    done: ({ credits }) => `${person.name} can spend ${balanceOf(credits)} now`,
    onDone,
    inForm: true,
  })
  const submit = (data: FormData) => {
    setTried(true)
    if (cents > 0) give.run(String(data.get('reason')))
  }
  const fault = isTried && !(cents > 0) ? 'must be an amount such as 5 or 5.50' : give.failure?.fields.amount_cents
  return (
    <Form failure={give.failure} onSubmit={submit} className="flex min-h-0 flex-col gap-0">
      <DialogBody>
        <FormField label="Amount, in dollars" name="amount_cents" error={fault}>
          <Input
            value={amount}
            onChange={(event) => setAmount(event.target.value)}
            required
            autoFocus
            inputMode="decimal"
            autoComplete="off"
            placeholder="5.00"
          />
        </FormField>
        <FormField label="Reason" name="reason" hint="Stands in the ledger and in the audit log, for good.">
          <Input required maxLength={500} autoComplete="off" placeholder="Invoice 2026-17" />
        </FormField>
      </DialogBody>
      <DialogFooter>
        <Button type="submit" pending={give.pending}>
          {cents > 0 ? `Give ${balanceOf(cents)}` : 'Give credits'}
        </Button>
      </DialogFooter>
    </Form>
  )
}

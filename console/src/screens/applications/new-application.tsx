import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Form } from '../../components/form-field.tsx'
import { SecretOnce } from '../../components/secret-once.tsx'
import { Sheet, SheetContent } from '../../components/sheet.tsx'
import { ApplicationFields } from '../application/application-fields.tsx'
import { emptyDraft } from '../application/draft.ts'
import { type Registered, useRegistration } from './use-registration.ts'

interface NewApplicationProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Asks about the application, then shows its secret this once. What was typed outlives a sheet closed by mistake. */
export function NewApplication({ open, onOpenChange }: NewApplicationProps) {
  const [draft, setDraft] = useState(emptyDraft)
  const [registered, setRegistered] = useState<Registered>()
  const navigate = useNavigate()
  const show = (clientId: string) => void navigate({ to: '/applications/$clientId', params: { clientId } })

  const registration = useRegistration((application) => {
    setDraft(emptyDraft())
    if (application.client_secret === undefined) return show(application.client_id)
    onOpenChange(false)
    setRegistered(application)
  })

  return (
    <>
      <Sheet open={open} onOpenChange={onOpenChange}>
        <SheetContent
          title="Register an application"
          description="A website or an app that agents, or people, sign in to with Auth Agent."
          className="scroll-pb-24"
        >
          <Form
            failure={registration.failure}
            onSubmit={() => registration.run(draft)}
            className="flex flex-1 flex-col gap-0"
          >
            <div className="grid gap-7 px-5 pb-8 sm:px-6">
              <ApplicationFields draft={draft} onChange={setDraft} faults={registration.failure?.fields ?? {}} />
            </div>
            <div className="sticky bottom-0 mt-auto flex flex-col-reverse gap-2 border-t bg-popover px-5 py-3.5 sm:flex-row sm:justify-end sm:px-6">
              <Button variant="outline" onClick={() => onOpenChange(false)}>
                Cancel
              </Button>
              <Button type="submit" pending={registration.pending}>
                Register
              </Button>
            </div>
          </Form>
        </SheetContent>
      </Sheet>
      <SecretOnce
        title="Your application is registered"
        description="Its server needs both. The secret is shown this once: we keep a hash of it and cannot show it again."
        secrets={
          registered && [
            { label: 'Client id', value: registered.client_id },
            { label: 'Client secret', value: registered.client_secret ?? '' },
          ]
        }
        onClose={() => {
          if (registered) show(registered.client_id)
          setRegistered(undefined)
        }}
      />
    </>
  )
}

import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Form } from '../../components/form-field.tsx'
import { Sheet, SheetActions, SheetContent } from '../../components/sheet.tsx'
import { Credentials } from './credentials.tsx'
import { DraftFields } from './draft-fields.tsx'
import { EMPTY_DRAFT, useRegistration } from './registration.ts'

interface NewAgentProps {
  open: boolean
  onOpenChange: (open: boolean) => void
}

/** Asks about the agent, then shows its secret or key this once. What was typed outlives a sheet closed by mistake. */
export function NewAgent({ open, onOpenChange }: NewAgentProps) {
  const [draft, setDraft] = useState(EMPTY_DRAFT)
  const navigate = useNavigate()
  const registration = useRegistration(() => {
    setDraft(EMPTY_DRAFT)
    onOpenChange(false)
  })
  const { failure, madeBefore, data: registered } = registration
  const showAgent = () => {
    if (registered) void navigate({ to: '/agents/$agentId', params: { agentId: registered.agent.agent_id } })
    registration.reset()
  }

  return (
    <>
      <Sheet open={open} onOpenChange={onOpenChange}>
        <SheetContent
          title="New agent"
          description="An identity for one program that drives a browser. It acts for a person, and tells every website so."
          className="scroll-pb-24"
        >
          <Form failure={failure} onSubmit={() => registration.run(draft)} className="flex flex-1 flex-col gap-0">
            <div className="grid gap-6 px-5 pb-8 sm:px-6">
              {failure?.code === 'made_before' && madeBefore && (
                <Button asChild variant="outline" className="w-fit">
                  <Link to="/agents/$agentId" params={{ agentId: madeBefore.agent_id }} search={{ tab: 'secrets' }}>
                    Open “{draft.name.trim()}”
                  </Link>
                </Button>
              )}
              <DraftFields draft={draft} onChange={setDraft} faults={failure?.fields ?? {}} />
            </div>
            <SheetActions>
              <Button variant="outline" onClick={() => onOpenChange(false)}>
                Cancel
              </Button>
              <Button type="submit" pending={registration.pending}>
                Create agent
              </Button>
            </SheetActions>
          </Form>
        </SheetContent>
      </Sheet>
      <Credentials
        title="Your agent is ready"
        agent={registered?.agent}
        secret={registered?.agent.agent_secret}
        keyPair={registered?.keyPair}
        onClose={showAgent}
      />
    </>
  )
}

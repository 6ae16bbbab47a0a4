import type { ReactNode } from 'react'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { memberName } from '../../members.ts'
import { disablePerson, type Person } from '../../people.ts'
import { useAct } from '../../use-act.ts'
import { useLast } from '../../use-last.ts'

interface DisablePersonProps {
  /** Undefined keeps the question closed. */
  person: Person | undefined
  onClose: () => void
}

export function DisablePerson({ person, onClose }: DisablePersonProps) {
  const asked = useLast(person)
  const name = asked && memberName(asked)
  const disable = useAct({
    act: ({ id }: Person) => disablePerson(id),
    changes: ['people', 'members', 'agents', 'sign-ins', 'tokens', 'audit'],
    done: (_, gone) => `${memberName(gone)} is disabled`,
    onDone: onClose,
    inForm: true,
  })
  return (
    <ConfirmDialog
      open={person !== undefined}
      onOpenChange={(open) => {
        if (open) return
        disable.reset()
        onClose()
      }}
      title={`Disable ${name}?`}
      description={
        <div className="grid gap-3">
          <Part title="Ends at once">
            <li>Their sessions: they are signed out in every browser, and cannot sign in again.</li>
            <li>
              Sign-ins at websites, theirs and their agents’. A website that does not ask us knows within the hour.
            </li>
            <li>
              Their API keys, also those that apps hold, and their agents’ tokens: each is refused everywhere here.
            </li>
            <li>Calls of models, and of accounts that they connected. What is under way is still answered.</li>
          </Part>
          <Part title="Stays">
            <li>
              Their organizations, agents, keys, connections and credits. All of it works again when you enable them;
              only the sessions and sign-ins have to be made anew.
            </li>
          </Part>
        </div>
      }
      action="Disable"
      pending={disable.pending}
      onConfirm={() => person && disable.run(person)}
    >
      {disable.failure && <FailureNote failure={disable.failure} />}
    </ConfirmDialog>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="grid gap-1">
      <p className="font-medium text-foreground">{title}</p>
      <ul className="grid list-disc gap-1 pl-4 marker:text-muted-foreground">{children}</ul>
    </div>
  )
}

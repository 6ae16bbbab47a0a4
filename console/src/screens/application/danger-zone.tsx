import { useNavigate } from '@tanstack/react-router'
import { type Application, deleteApplication } from '../../applications.ts'
import { Card } from '../../components/card.tsx'
import { DangerButton, DangerItem } from '../../components/danger.tsx'
import { useAct } from '../../use-act.ts'
import { ViewerNote } from './viewer-note.tsx'

interface ApplicationDangerProps {
  application: Application
  canWrite: boolean
}

export function ApplicationDanger({ application, canWrite }: ApplicationDangerProps) {
  const { client_id, client_name } = application
  const navigate = useNavigate()
  const remove = useAct({
    act: () => deleteApplication(client_id),
    changes: ['applications', 'tokens', 'sign-ins', 'overview'],
    done: `${client_name} is deleted`,
    onDone: () => void navigate({ to: '/applications', ignoreBlocker: true }),
  })
  return (
    <div className="grid max-w-3xl gap-4">
      {canWrite || <ViewerNote />}
      <Card>
        <DangerItem
          title="Delete the application"
          action={
            <DangerButton
              label="Delete"
              disabled={!canWrite}
              title={`Delete ${client_name}?`}
              description="Nobody can sign in there any more. Everyone who is in is out at once, and its secrets and tokens are worth nothing. This cannot be undone."
              action="Delete application"
              typed={client_name}
              act={remove}
            />
          }
        >
          For ever, with its secrets. Every sign-in at it ends at once. What happened stays in the audit log.
        </DangerItem>
      </Card>
    </div>
  )
}

import { ExternalLink } from 'lucide-react'
import type { Application } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import { DialogBody, DialogFooter } from '../../components/dialog.tsx'
import { FailureNote } from '../../components/form-field.tsx'
import { TestResultView } from '../../components/test-result.tsx'
import { signsInOf } from './draft.ts'
import { TestProgress } from './test-progress.tsx'
import { useTestSignIn } from './use-test-sign-in.ts'

interface TestDialogBodyProps {
  application: Application
  onClose: () => void
}

const HOW = {
  agent:
    'A new tab shows the page that an agent sees. Play the agent: choose “Sign in with the agent’s id and secret” there, and type those of one of your agents.',
  user: 'A new tab asks you to approve the app, as it asks its users. If you have approved it before, you are let through.',
  both: 'A new tab shows the page that agents and people see. Sign in as yourself, or with the id and the secret of one of your agents.',
}

export function TestDialogBody({ application, onClose }: TestDialogBodyProps) {
  const test = useTestSignIn(application)
  const { outcome, under } = test
  const result = outcome && 'result' in outcome ? outcome.result : undefined

  return (
    <>
      <DialogBody>
        {!result && <p>{HOW[signsInOf(application.subjects)]}</p>}
        {test.failure && <FailureNote failure={test.failure} />}
        <div aria-live="polite" className="grid min-w-0 gap-4">
          {outcome && 'refusal' in outcome && (
            <p className="rounded-lg bg-destructive-ground px-3 py-2.5 text-destructive">{outcome.refusal}</p>
          )}
          {under && !outcome && <TestProgress under={under} clientId={application.client_id} />}
          {result && <TestResultView result={result} />}
        </div>
      </DialogBody>
      <DialogFooter>
        <Button variant="outline" onClick={onClose}>
          {result ? 'Done' : 'Close'}
        </Button>
        <Button variant={result ? 'outline' : 'default'} pending={test.pending} onClick={test.open}>
          <ExternalLink aria-hidden />
          {under ? 'Test again' : 'Open the sign-in page'}
        </Button>
      </DialogFooter>
    </>
  )
}

import { useState } from 'react'
import { type Application, type ApplicationSettings, updateApplication } from '../../applications.ts'
import { Button } from '../../components/button.tsx'
import { Card, CardContent, CardFooter } from '../../components/card.tsx'
import { Form } from '../../components/form-field.tsx'
import { UnsavedGuard } from '../../components/unsaved-guard.tsx'
import { useAct } from '../../use-act.ts'
import { ApplicationFields } from './application-fields.tsx'
import { changesOf, draftOf, jwksFault } from './draft.ts'
import { ViewerNote } from './viewer-note.tsx'

interface ApplicationSettingsFormProps {
  application: Application
  canWrite: boolean
}

/** Begins anew from what the server says after each save, and not when somebody else changes something meanwhile. */
export function ApplicationSettingsForm({ application, canWrite }: ApplicationSettingsFormProps) {
  const [base, setBase] = useState<Application>(application)
  const [draft, setDraft] = useState(() => draftOf(application))
  const save = useAct({
    act: (changes: ApplicationSettings) => updateApplication(application.client_id, changes),
    changes: ['applications', 'sign-ins', 'overview'],
    done: 'Saved. It holds from the next sign-in on',
    onDone: (latest) => {
      setBase(latest)
      setDraft(draftOf(latest))
    },
    inForm: true,
  })
  const unreadable = jwksFault(draft)
  const changes = unreadable === undefined ? changesOf(draft, base) : {}
  const dirty = unreadable !== undefined || Object.keys(changes).length > 0
  const faults = { ...save.failure?.fields, ...(unreadable !== undefined && { jwks: unreadable }) }

  const submit = () => {
    if (dirty && unreadable === undefined) save.run(changes)
  }

  return (
    <div className="grid max-w-3xl gap-4">
      {canWrite || <ViewerNote />}
      <Card>
        <Form failure={save.failure} onSubmit={submit} className="gap-0">
          <fieldset disabled={!canWrite} className="min-w-0">
            <CardContent className="grid gap-7">
              <ApplicationFields draft={draft} onChange={setDraft} faults={faults} registered />
            </CardContent>
          </fieldset>
          {canWrite && (
            <CardFooter className="sticky bottom-0 rounded-b-xl bg-muted">
              <p role="status" className="mr-auto text-[0.8125rem] text-muted-foreground">
                {stateWords(dirty, changes)}
              </p>
              {/* Not disabled, or it would lose the focus when it has saved. */}
              <Button
                type="submit"
                pending={save.pending}
                aria-disabled={!dirty || undefined}
                className={dirty ? undefined : 'cursor-not-allowed opacity-50'}
              >
                Save
              </Button>
            </CardFooter>
          )}
        </Form>
        <UnsavedGuard dirty={dirty} />
      </Card>
    </div>
  )
}

function stateWords(dirty: boolean, changes: ApplicationSettings): string {
  if (!dirty) return 'Everything is saved.'
  return changes.redirect_uris
    ? 'Not saved. New redirect URIs end the sign-ins that are under way.'
    : 'There are changes that are not saved.'
}

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
  const [base, setBase] = useState({ application, saves: 0 })
  const saved = (latest: Application) => setBase(({ saves }) => ({ application: latest, saves: saves + 1 }))
  return (
    <div className="grid max-w-3xl gap-4">
      {canWrite || <ViewerNote />}
      <SettingsForm key={base.saves} application={base.application} canWrite={canWrite} onSaved={saved} />
    </div>
  )
}

interface SettingsFormProps extends ApplicationSettingsFormProps {
  onSaved: (application: Application) => void
}

function SettingsForm({ application, canWrite, onSaved }: SettingsFormProps) {
  const [draft, setDraft] = useState(() => draftOf(application))
  const save = useAct({
    act: (changes: ApplicationSettings) => updateApplication(application.client_id, changes),
    changes: ['applications', 'sign-ins', 'overview'],
    done: 'Saved. It holds from the next sign-in on',
    onDone: onSaved,
    inForm: true,
  })
  const unreadable = jwksFault(draft)
  const changes = unreadable === undefined ? changesOf(draft, application) : {}
  const dirty = unreadable !== undefined || Object.keys(changes).length > 0
  const faults = { ...save.failure?.fields, ...(unreadable !== undefined && { jwks: unreadable }) }

  const submit = () => {
    if (unreadable === undefined) save.run(changes)
  }

  return (
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
            <Button type="submit" pending={save.pending} disabled={!dirty}>
              Save
            </Button>
          </CardFooter>
        )}
      </Form>
      <UnsavedGuard dirty={dirty} />
    </Card>
  )
}

function stateWords(dirty: boolean, changes: ApplicationSettings): string {
  if (!dirty) return 'Everything is saved.'
  return changes.redirect_uris
    ? 'Not saved. New redirect URIs end the sign-ins that are under way.'
    : 'There are changes that are not saved.'
}

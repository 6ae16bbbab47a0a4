import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Form } from '../../components/form-field.tsx'
import { SheetActions } from '../../components/sheet.tsx'
import { changeProvider, type Provider, redirectUriOf, setUpProvider } from '../../providers.ts'
import { useAct } from '../../use-act.ts'
import { ClientFields } from './client-fields.tsx'
import { type Choices, changesOf, choicesOf, registrationOf } from './draft.ts'
import { EndpointFields } from './endpoint-fields.tsx'
import { IdentityFields } from './identity-fields.tsx'
import { ProtocolFields } from './protocol-fields.tsx'
import { RedirectUri } from './redirect-uri.tsx'
import { ScopesField } from './scopes-field.tsx'

interface ProviderFormProps {
  /** Undefined: one of the operator's own that is not there yet. */
  provider: Provider | undefined
  onDone: () => void
}

export function ProviderForm({ provider, onDone }: ProviderFormProps) {
  const [name, setName] = useState(provider?.name ?? '')
  const [choices, setChoices] = useState<Choices>(() => choicesOf(provider))
  const isOwn = !provider?.in_catalogue
  const isSetUp = provider?.configured === true
  const save = useAct({
    act: (data: FormData) =>
      isSetUp
        ? changeProvider(provider.name, changesOf(data, choices, provider))
        : setUpProvider(registrationOf(data, choices, provider)),
    changes: ['providers'],
    done: ({ label }) => (isSetUp ? `${label} is changed` : `Accounts at ${label} can be connected now`),
    inForm: true,
    onDone,
  })

  return (
    <Form failure={save.failure} onSubmit={save.run} className="flex flex-1 flex-col gap-0">
      <div className="grid gap-6 px-5 pb-8 sm:px-6">
        {!provider && <IdentityFields onName={setName} />}
        <RedirectUri uri={provider?.redirect_uri ?? redirectUriOf(name || 'name')} isKnown={name !== ''} />
        <ClientFields provider={provider} choices={choices} />
        {isOwn && <EndpointFields provider={provider} choices={choices} onChange={setChoices} />}
        <ScopesField scopes={provider?.scopes ?? []} />
        {isOwn && <ProtocolFields choices={choices} onChange={setChoices} />}
      </div>
      <SheetActions>
        <Button variant="outline" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" pending={save.pending}>
          {isSetUp ? 'Save' : 'Set up'}
        </Button>
      </SheetActions>
    </Form>
  )
}

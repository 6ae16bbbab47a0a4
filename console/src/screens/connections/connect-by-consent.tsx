import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { DialogBody, DialogFooter } from '../../components/dialog.tsx'
import { Form } from '../../components/form-field.tsx'
import type { OfferedProvider } from '../../providers.ts'
import { ConsentScopes } from './consent-scopes.tsx'
import { faultsOf, ParameterFields, parametersOf } from './parameter-fields.tsx'
import { useConsent } from './use-consent.ts'

interface ConnectByConsentProps {
  provider: OfferedProvider
  onBack: () => void
}

export function ConnectByConsent({ provider, onBack }: ConnectByConsentProps) {
  const { name, label, parameters, scopes: usual } = provider
  const [scopes, setScopes] = useState<readonly string[]>(usual)
  const [faults, setFaults] = useState<Record<string, string>>({})
  const consent = useConsent({ inForm: true })
  // Where the provider decides by itself, naming nothing is how to let it.
  const isUndecided = usual.length > 0 && scopes.length === 0

  const submit = (data: FormData) => {
    const given = parametersOf(data, parameters)
    const wrong = faultsOf(given, parameters)
    setFaults(wrong)
    if (Object.keys(wrong).length > 0) return
    consent.run({
      provider_name: name,
      ...(scopes.length > 0 && { scopes: [...scopes] }),
      ...(parameters.length > 0 && { parameters: given }),
    })
  }

  return (
    <Form failure={consent.failure} onSubmit={submit} className="flex min-h-0 flex-col gap-0">
      <DialogBody className="gap-5">
        <ParameterFields parameters={parameters} faults={faults} />
        <ConsentScopes
          usual={usual}
          scopes={scopes}
          onChange={setScopes}
          error={
            isUndecided ? 'Ask for one at least: a consent to nothing is of no use.' : consent.failure?.fields.scopes
          }
        />
      </DialogBody>
      <DialogFooter>
        <Button variant="outline" onClick={onBack}>
          Back
        </Button>
        <Button type="submit" pending={consent.leaving} disabled={isUndecided}>
          Continue to {label}
          <ExternalLink aria-hidden />
        </Button>
      </DialogFooter>
    </Form>
  )
}

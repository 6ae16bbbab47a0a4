import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { DialogBody, DialogFooter } from '../../components/dialog.tsx'
import { Form, FormField } from '../../components/form-field.tsx'
import { Input, PasswordInput } from '../../components/input.tsx'
import { connectByKey, type KeyConnection } from '../../connections.ts'
import type { OfferedProvider } from '../../providers.ts'
import { useAct } from '../../use-act.ts'
import { faultsOf, ParameterFields, parametersOf } from './parameter-fields.tsx'

interface ConnectByKeyProps {
  provider: OfferedProvider
  onBack: () => void
  onDone: () => void
}

export function ConnectByKey({ provider, onBack, onDone }: ConnectByKeyProps) {
  const { name, label, parameters } = provider
  const [faults, setFaults] = useState<Record<string, string>>({})
  const navigate = useNavigate({ from: '/connections' })
  const connect = useAct({
    act: (connection: KeyConnection) => connectByKey(connection),
    changes: ['connections'],
    inForm: true,
    onDone: ({ connection_id }) => {
      onDone()
      // The same way to say it as of those who come back from a provider.
      void navigate({ search: { status: 'success', connection_id }, replace: true })
    },
  })

  const submit = (data: FormData) => {
    const given = parametersOf(data, parameters)
    const wrong = faultsOf(given, parameters)
    setFaults(wrong)
    if (Object.keys(wrong).length > 0) return
    const account = String(data.get('account')).trim()
    connect.run({
      provider_name: name,
      api_key: String(data.get('api_key')).trim(),
      ...(account !== '' && { account }),
      ...(parameters.length > 0 && { parameters: given }),
    })
  }

  return (
    <Form failure={connect.failure} onSubmit={submit} className="flex min-h-0 flex-col gap-0">
      <DialogBody className="gap-5">
        {connect.failure?.code === 'connection_lost' && (
          <p className="text-[0.8125rem] text-muted-foreground">
            It may have been connected all the same. Look at the list before you send it again.
          </p>
        )}
        <ParameterFields parameters={parameters} faults={faults} />
        <FormField
          label="API key"
          name="api_key"
          hint={`Kept encrypted, sent to ${label} only, and never shown again. Make one for this alone: then you can end it there.`}
        >
          <PasswordInput
            what="key"
            required
            autoFocus={parameters.length === 0}
            maxLength={8192}
            autoComplete="off"
            spellCheck={false}
            className="font-mono"
          />
        </FormField>
        <FormField
          label="Name"
          name="account"
          optional
          hint="Whose account it is, so that you know it again in the list."
        >
          <Input maxLength={254} autoComplete="off" placeholder="Billing, production" />
        </FormField>
      </DialogBody>
      <DialogFooter>
        <Button variant="outline" onClick={onBack}>
          Back
        </Button>
        <Button type="submit" pending={connect.pending}>
          Connect
        </Button>
      </DialogFooter>
    </Form>
  )
}

import { FormField } from '../../components/form-field.tsx'
import { Input, PasswordInput } from '../../components/input.tsx'
import type { Provider } from '../../providers.ts'
import type { Choices } from './draft.ts'

interface ClientFieldsProps {
  provider: Provider | undefined
  choices: Choices
}

/** The client that the provider knows us by. Its secret goes in and never comes out. */
export function ClientFields({ provider, choices }: ClientFieldsProps) {
  const isStored = provider?.has_client_secret === true
  const isPublic = choices.authMethod === 'none'
  return (
    <div className="grid gap-4">
      <FormField label="Client id" name="client_id">
        <Input
          required
          maxLength={1000}
          defaultValue={provider?.client_id ?? ''}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          className="font-mono"
        />
      </FormField>
      <FormField
        label={isStored ? 'New client secret' : 'Client secret'}
        name="client_secret"
        optional={isStored || isPublic}
        hint={
          isStored
            ? 'One is stored, encrypted, and is not shown. Leave this empty to keep it.'
            : 'Stored encrypted, and never shown again.'
        }
      >
        <PasswordInput
          what="secret"
          required={!isStored && !isPublic}
          maxLength={10_000}
          autoComplete="off"
          spellCheck={false}
          className="font-mono"
        />
      </FormField>
    </div>
  )
}

import { FieldGroup } from '../../components/field-group.tsx'
import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import type { Provider } from '../../providers.ts'
import type { ADDRESSES, Choices } from './draft.ts'

interface Address {
  name: (typeof ADDRESSES)[number]
  label: string
  placeholder: string
  hint?: string
  required?: true
}

const BY_DISCOVERY: readonly Address[] = [
  {
    name: 'issuer',
    label: 'Issuer',
    placeholder: 'https://accounts.acme.example',
    hint: 'We read the rest below it, at /.well-known/openid-configuration.',
    required: true,
  },
]

const BY_ADDRESSES: readonly Address[] = [
  {
    name: 'authorization_url',
    label: 'Authorization URL',
    placeholder: 'https://acme.example/oauth/authorize',
    required: true,
  },
  { name: 'token_url', label: 'Token URL', placeholder: 'https://acme.example/oauth/token', required: true },
  {
    name: 'revocation_url',
    label: 'Revocation URL',
    placeholder: 'https://acme.example/oauth/revoke',
    hint: 'Without one, the provider is not told when a connection is revoked.',
  },
  {
    name: 'userinfo_url',
    label: 'Userinfo URL',
    placeholder: 'https://acme.example/oauth/userinfo',
    hint: 'Says whose account was connected.',
  },
]

const API: Address = {
  name: 'api_base_url',
  label: 'API base URL',
  placeholder: 'https://api.acme.example/v1',
  hint: 'Where the paths that agents call begin. Without one, nothing can be called through us.',
}

interface EndpointFieldsProps {
  provider: Provider | undefined
  choices: Choices
  onChange: (choices: Choices) => void
}

/** Where a provider of the operator's own is reached. How that is said is chosen once. */
export function EndpointFields({ provider, choices, onChange }: EndpointFieldsProps) {
  const addresses = [...(choices.discovery ? BY_DISCOVERY : BY_ADDRESSES), API]
  return (
    <div className="grid gap-4">
      {!provider && (
        <FieldGroup legend="How is it found?">
          <RadioGroup
            value={choices.discovery ? 'issuer' : 'addresses'}
            onValueChange={(value) => onChange({ ...choices, discovery: value === 'issuer' })}
            className="sm:grid-cols-2"
          >
            <RadioChoice value="issuer" label="By its issuer" hint="OpenID Connect: one address says the others." />
            <RadioChoice value="addresses" label="By addresses" hint="Plain OAuth 2.0: its documentation names them." />
          </RadioGroup>
        </FieldGroup>
      )}
      {addresses.map(({ name, label, placeholder, hint, required = false }) => (
        <FormField key={name} label={label} name={name} optional={!required} hint={hint}>
          <Input
            type="url"
            required={required}
            maxLength={2048}
            defaultValue={provider?.[name] ?? ''}
            placeholder={placeholder}
            autoComplete="off"
          />
        </FormField>
      ))}
    </div>
  )
}

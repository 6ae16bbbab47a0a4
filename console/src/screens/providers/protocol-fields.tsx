import { ChoiceField, FormField } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { Switch } from '../../components/switch.tsx'
import type { AuthMethod, Choices, Refresh } from './draft.ts'

interface Option<Value> {
  value: Value
  label: string
  description: string
}

const AUTH_METHODS: readonly Option<AuthMethod>[] = [
  { value: 'client_secret_basic', label: 'In a header', description: 'HTTP Basic, as the standard prefers' },
  { value: 'client_secret_post', label: 'In the body', description: 'Among the other parameters' },
  { value: 'none', label: 'Not at all', description: 'A public client, without a secret' },
]

const REFRESHES: readonly Option<Refresh>[] = [
  { value: 'rotating', label: 'Good for one use', description: 'Every renewal brings the next one; safe if unsure' },
  { value: 'reusable', label: 'Good for many uses', description: 'It stays as it is' },
  { value: 'none', label: 'There are none', description: 'The person is asked again when the token ends' },
]

interface ProtocolFieldsProps {
  choices: Choices
  onChange: (choices: Choices) => void
}

/** What providers do differently. The first of each is what harms least. */
export function ProtocolFields({ choices, onChange }: ProtocolFieldsProps) {
  return (
    <div className="grid gap-4">
      <Choice
        label="How the secret is sent"
        name="token_endpoint_auth_method"
        options={AUTH_METHODS}
        value={choices.authMethod}
        onChange={(authMethod) => onChange({ ...choices, authMethod })}
      />
      <Choice
        label="Refresh tokens"
        name="refresh"
        options={REFRESHES}
        value={choices.refresh}
        onChange={(refresh) => onChange({ ...choices, refresh })}
      />
      <ChoiceField label="PKCE" hint="Protects the consent on its way. Switch it off only if the provider refuses it.">
        <Switch checked={choices.pkce} onCheckedChange={(pkce) => onChange({ ...choices, pkce })} />
      </ChoiceField>
    </div>
  )
}

interface ChoiceProps<Value extends string> {
  label: string
  name: string
  options: readonly Option<Value>[]
  value: Value
  onChange: (value: Value) => void
}

function Choice<Value extends string>({ label, name, options, value, onChange }: ChoiceProps<Value>) {
  return (
    <FormField label={label} name={name}>
      {(control) => (
        <Select
          value={value}
          onValueChange={(chosen) => {
            const option = options.find((each) => each.value === chosen)
            if (option) onChange(option.value)
          }}
        >
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            {options.map((option) => (
              <SelectItem key={option.value} value={option.value} description={option.description}>
                {option.label}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

import { FieldGroup } from '../../components/field-group.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import type { Draft } from './draft.ts'

interface TokenFormatChoiceProps {
  value: Draft['format']
  onChange: (value: Draft['format']) => void
  error: string | undefined
}

/** What the exchange of a person's code gives. */
export function TokenFormatChoice({ value, onChange, error }: TokenFormatChoiceProps) {
  return (
    <FieldGroup legend="What does your server get for a person?" error={error}>
      <RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as Draft['format'])}>
        <RadioChoice value="jwt" label="A JWT" hint="With a refresh token: for sign-in, and for an API of your own." />
        <RadioChoice
          value="api_key"
          label="An API key of that person"
          hint="For apps that call language models on the person’s own budget."
        />
      </RadioGroup>
    </FieldGroup>
  )
}

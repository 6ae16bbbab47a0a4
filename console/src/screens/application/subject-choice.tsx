import { FieldGroup } from '../../components/field-group.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import type { SignsIn } from './draft.ts'

interface SubjectChoiceProps {
  value: SignsIn
  onChange: (value: SignsIn) => void
  error: string | undefined
}

export function SubjectChoice({ value, onChange, error }: SubjectChoiceProps) {
  return (
    <FieldGroup legend="Who signs in?" error={error}>
      <RadioGroup value={value} onValueChange={(chosen) => onChange(chosen as SignsIn)}>
        <RadioChoice
          value="agent"
          label="Agents"
          hint="Programs that drive a browser, each acting for a person. No form, no consent screen."
        />
        <RadioChoice
          value="user"
          label="People"
          hint="With their Auth Agent account. They approve your app once, and may bring their own AI budget."
        />
        <RadioChoice value="both" label="Agents and people" hint="Whoever comes first answers." />
      </RadioGroup>
    </FieldGroup>
  )
}

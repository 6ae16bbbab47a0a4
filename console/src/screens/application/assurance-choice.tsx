import { ASSURANCE_LEVELS } from '../../components/assurance.tsx'
import { FormField } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'

interface AssuranceChoiceProps {
  level: number
  onChange: (level: number) => void
}

/** The least that an agent has to prove here. */
export function AssuranceChoice({ level, onChange }: AssuranceChoiceProps) {
  const chosen = ASSURANCE_LEVELS.find((each) => each.level === level)
  return (
    <FormField label="How well must an agent prove itself?" name="min_level" hint={chosen?.meaning}>
      {(control) => (
        <Select value={String(level)} onValueChange={(value) => onChange(Number(value))}>
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            {ASSURANCE_LEVELS.map(({ level: each, acr, label }) => (
              <SelectItem key={acr} value={String(each)}>
                {each === 1 ? `${label} is enough` : each === 4 ? label : `${label}, or more`} ({acr})
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

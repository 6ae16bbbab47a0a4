import { FormField } from '../../components/form-field.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'

const LIVES = [
  { days: 0, label: 'Never' },
  { days: 30, label: 'After 30 days' },
  { days: 90, label: 'After 90 days' },
  { days: 365, label: 'After a year' },
] as const

interface SecretLifeProps {
  /** 0 is for ever. */
  days: number
  onChange: (days: number) => void
}

/** When a new secret ends by itself. */
export function SecretLife({ days, onChange }: SecretLifeProps) {
  return (
    <FormField
      label="The secret expires"
      name="secret_expires_in"
      hint={days === 0 ? 'You can replace it at any time.' : 'Replace it before that; the agent cannot sign in after.'}
    >
      {(control) => (
        <Select value={String(days)} onValueChange={(value) => onChange(Number(value))}>
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            {LIVES.map(({ days: each, label }) => (
              <SelectItem key={each} value={String(each)}>
                {label}
              </SelectItem>
            ))}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

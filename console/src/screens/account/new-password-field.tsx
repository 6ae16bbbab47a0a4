import { cn } from '../../components/class-names.ts'
import { FormField } from '../../components/form-field.tsx'
import { PasswordInput } from '../../components/input.tsx'
import { MIN_PASSWORD, passwordStrength, STRENGTHS } from './password-strength.ts'

interface NewPasswordFieldProps {
  /** As the server calls it. */
  name: 'password' | 'newPassword'
  label: string
  value: string
  onChange: (value: string) => void
}

/** A new password with what it is worth. */
export function NewPasswordField({ name, label, value, onChange }: NewPasswordFieldProps) {
  const strength = passwordStrength(value)
  return (
    <div className="grid gap-2">
      <FormField label={label} name={name} hint={`At least ${MIN_PASSWORD} characters. A few words make a good one.`}>
        <PasswordInput
          required
          minLength={MIN_PASSWORD}
          maxLength={128}
          autoComplete="new-password"
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      </FormField>
      <div className="flex items-center gap-3">
        <span aria-hidden className="grid flex-1 grid-cols-3 gap-1">
          {[1, 2, 3].map((step) => (
            <span
              key={step}
              className={cn(
                'h-1 rounded-full bg-border transition-colors',
                step <= strength && STRENGTHS[strength].color,
              )}
            />
          ))}
        </span>
        <span role="status" className="min-w-16 text-right text-xs text-muted-foreground">
          {value && STRENGTHS[strength].label}
        </span>
      </div>
    </div>
  )
}

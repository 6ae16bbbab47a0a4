import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'

/** What a provider of the operator's own is called: by programs, and by people. */
export function IdentityFields({ onName }: { onName: (name: string) => void }) {
  return (
    <div className="grid items-start gap-4 sm:grid-cols-2">
      <FormField label="Name" name="label" hint="As people know it.">
        <Input required autoFocus maxLength={100} autoComplete="off" placeholder="Acme" />
      </FormField>
      <FormField label="Short name" name="name" hint="For programs, and in the redirect URI. It never changes.">
        <Input
          required
          maxLength={64}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="acme"
          onChange={(event) => onName(event.target.value.trim().toLowerCase())}
          className="font-mono"
        />
      </FormField>
    </div>
  )
}

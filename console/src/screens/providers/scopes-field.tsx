import { FormField } from '../../components/form-field.tsx'
import { Textarea } from '../../components/input.tsx'

export function ScopesField({ scopes }: { scopes: readonly string[] }) {
  return (
    <FormField
      label="Usual scopes"
      name="scopes"
      optional
      hint="Asked for where nobody says anything else. With spaces or line breaks between; empty lets the provider decide."
    >
      <Textarea
        defaultValue={scopes.join('\n')}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        className="font-mono text-[0.8125rem]"
      />
    </FormField>
  )
}

import { useState } from 'react'
import { Checkbox } from '../../components/checkbox.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { ChoiceField, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'

interface ConsentScopesProps {
  /** What is asked for if nobody says anything else. */
  usual: readonly string[]
  scopes: readonly string[]
  onChange: (scopes: readonly string[]) => void
  error: string | undefined
}

/** What the provider shall let us do, in its own words: they mean what its documentation says. */
export function ConsentScopes({ usual, scopes, onChange, error }: ConsentScopesProps) {
  // As typed: the space after a word must not vanish while the next one is on its way.
  const [others, setOthers] = useState('')
  const change = (chosen: readonly string[], typed: string) => {
    setOthers(typed)
    onChange([...new Set([...chosen, ...typed.split(/[\s,]+/).filter(Boolean)])])
  }
  const chosen = usual.filter((scope) => scopes.includes(scope))
  const toggle = (scope: string, on: boolean) =>
    change(
      usual.filter((each) => (each === scope ? on : chosen.includes(each))),
      others,
    )
  return (
    <FieldGroup
      legend="What it asks for"
      hint={usual.length === 0 ? 'The provider decides that by itself, unless you name something.' : undefined}
      error={error}
    >
      {usual.map((scope) => (
        <ChoiceField key={scope} label={<code className="font-mono text-[0.8125rem] break-all">{scope}</code>}>
          <Checkbox checked={chosen.includes(scope)} onCheckedChange={(checked) => toggle(scope, checked === true)} />
        </ChoiceField>
      ))}
      <FormField label="More scopes" optional hint="As the provider calls them, with spaces between." className="mt-2">
        <Input
          value={others}
          onChange={(event) => change(chosen, event.target.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      </FormField>
    </FieldGroup>
  )
}

import { Checkbox } from '../../components/checkbox.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { ChoiceField } from '../../components/form-field.tsx'
import { wordsOf } from '../../scopes.ts'
import type { KeyScope } from './api-key.ts'

/** What a key can be good for, from the usual to the rare. */
const SCOPES: readonly KeyScope[] = ['agent-fuel', 'connections', 'usage-tracking', 'manage']

interface ScopeChoiceProps {
  scopes: readonly KeyScope[]
  onChange: (scopes: readonly KeyScope[]) => void
}

export function ScopeChoice({ scopes, onChange }: ScopeChoiceProps) {
  const set = (scope: KeyScope, on: boolean) =>
    onChange(SCOPES.filter((each) => (each === scope ? on : scopes.includes(each))))
  return (
    <FieldGroup
      legend="What it can do"
      error={scopes.length === 0 ? 'Choose at least one: a key that opens nothing is of no use.' : undefined}
    >
      {SCOPES.map((scope) => (
        <ChoiceField
          key={scope}
          label={
            <>
              {sentence(wordsOf(scope)?.can ?? scope)}{' '}
              <code className="ml-1 font-mono text-xs font-normal text-muted-foreground max-sm:ml-0 max-sm:block">
                {scope}
              </code>
            </>
          }
          hint={scope === 'manage' && scopes.includes(scope) ? MANAGE : undefined}
        >
          <Checkbox checked={scopes.includes(scope)} onCheckedChange={(checked) => set(scope, checked === true)} />
        </ChoiceField>
      ))}
    </FieldGroup>
  )
}

const MANAGE = 'Whoever has this key can register, change and delete what you may yourself. Give it to servers only.'

const sentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}`

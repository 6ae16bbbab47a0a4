import { Checkbox } from '../../components/checkbox.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { ChoiceField } from '../../components/form-field.tsx'
import { FUEL_SCOPES, SIGN_IN_SCOPES } from './draft.ts'

/** What each is to the developer of a website; `scope-words.tsx` tells the one who gives it. */
const WORDS: Record<string, { label: string; hint: string }> = {
  openid: { label: 'Who it is', hint: 'An id that never changes, in a signed ID token.' },
  profile: { label: 'Name', hint: 'Of the agent, and of the person it acts for.' },
  email: { label: 'Email address', hint: 'Of the person, once they have proved that it is theirs.' },
  offline_access: { label: 'Stay signed in', hint: 'After the visit, until you or they end it.' },
  'agent-fuel': { label: 'Call language models', hint: 'On the person’s budget, with their API key.' },
  'usage-tracking': { label: 'See usage', hint: 'How much each person uses through your app, and what it costs.' },
}

interface ScopeChoiceProps {
  scopes: readonly string[]
  onChange: (scopes: readonly string[]) => void
  /** Only people have a budget. */
  people: boolean
  error: string | undefined
}

export function ScopeChoice({ scopes, onChange, people, error }: ScopeChoiceProps) {
  const offered = [...SIGN_IN_SCOPES, ...(people ? FUEL_SCOPES : [])]
  // Made elsewhere, with scopes of its own.
  const others = scopes.filter((scope) => !SIGN_IN_SCOPES.includes(scope) && !FUEL_SCOPES.includes(scope))
  const shown = [...offered, ...others]
  // Always in the same order, so that what was turned off and on again is no change.
  const toggle = (scope: string, on: boolean) =>
    onChange(shown.filter((each) => (each === scope ? on : scopes.includes(each))))

  return (
    <FieldGroup legend="What may it ask for?" hint="A sign-in can ask for less, never for more." error={error}>
      <div className="grid gap-3 sm:grid-cols-2">
        {shown.map((scope) => (
          <ChoiceField
            key={scope}
            label={
              <>
                {WORDS[scope]?.label}
                <code className="ml-1.5 font-mono text-xs font-normal text-muted-foreground">{scope}</code>
              </>
            }
            hint={WORDS[scope]?.hint}
          >
            <Checkbox checked={scopes.includes(scope)} onCheckedChange={(on) => toggle(scope, on === true)} />
          </ChoiceField>
        ))}
      </div>
    </FieldGroup>
  )
}

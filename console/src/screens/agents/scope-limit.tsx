import { useState } from 'react'
import { Checkbox } from '../../components/checkbox.tsx'
import { ChoiceField, FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { wordsOf } from '../../scopes.ts'
import { Limit } from './limit.tsx'

/** What websites ask of a sign-in (server/src/identity/scope.ts); any other is a website's own. */
const SIGN_IN_SCOPES = ['openid', 'profile', 'email', 'offline_access']

interface ScopeLimitProps {
  scopes: readonly string[] | null
  onChange: (scopes: readonly string[] | null) => void
  fault: string | undefined
}

export function ScopeLimit({ scopes, onChange, fault }: ScopeLimitProps) {
  return (
    <Limit
      legend="What may a website get?"
      anything={{ label: 'Whatever it asks for', hint: 'Websites ask for your name and email at most, as a rule.' }}
      listed={{ label: 'No more than this', hint: 'A website that asks for more is refused.' }}
      limited={scopes !== null}
      onChange={(limited) => onChange(limited ? ['openid', 'profile', 'email'] : null)}
      fault={fault}
    >
      {scopes !== null && <ScopeList scopes={scopes} onChange={onChange} />}
    </Limit>
  )
}

function ScopeList({ scopes, onChange }: { scopes: readonly string[]; onChange: (scopes: readonly string[]) => void }) {
  // As typed: the space after a word must not vanish while the next one is on its way.
  const [others, setOthers] = useState(scopes.filter((scope) => !SIGN_IN_SCOPES.includes(scope)).join(' '))
  const change = (chosen: readonly string[], typed: string) => {
    setOthers(typed)
    onChange([...new Set([...chosen, ...typed.split(/\s+/).filter(Boolean)])])
  }
  const chosen = scopes.filter((scope) => SIGN_IN_SCOPES.includes(scope))
  const toggle = (scope: string, on: boolean) =>
    change(
      SIGN_IN_SCOPES.filter((each) => (each === scope ? on : chosen.includes(each))),
      others,
    )

  return (
    <>
      {SIGN_IN_SCOPES.map((scope) => (
        <ChoiceField
          key={scope}
          label={
            <>
              {wordsOf(scope)?.label}
              <code className="ml-2 font-mono text-xs font-normal text-muted-foreground">{scope}</code>
            </>
          }
        >
          <Checkbox checked={chosen.includes(scope)} onCheckedChange={(checked) => toggle(scope, checked === true)} />
        </ChoiceField>
      ))}
      <FormField label="Others" optional hint="The scopes of a website’s own, with spaces between them.">
        <Input
          value={others}
          onChange={(event) => change(chosen, event.target.value)}
          autoComplete="off"
          spellCheck={false}
          className="font-mono sm:text-[0.8125rem]"
        />
      </FormField>
    </>
  )
}

import { ASSURANCE_LEVELS } from '../../components/assurance.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { ChoiceField } from '../../components/form-field.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import { Switch } from '../../components/switch.tsx'
import { HIGHEST_WITH_SECRET, type Policy, STRONGEST_ALONE } from './policy.ts'
import { ScopeLimit } from './scope-limit.tsx'
import { WebsiteLimit } from './website-limit.tsx'

interface PolicyFieldsProps {
  policy: Policy
  onChange: (policy: Policy) => void
  /** The agent can sign, so that more than the lowest level is within its reach. */
  hasKey: boolean
  /** What the server says of the fields, by their names in the call. */
  faults: Record<string, string>
}

/** When may the agent sign in, and where, and what may it give away? The same for a new agent and for one that exists. */
export function PolicyFields({ policy, onChange, hasKey, faults }: PolicyFieldsProps) {
  const set = (changes: Partial<Policy>) => onChange({ ...policy, ...changes })
  return (
    <div className="grid gap-7">
      <ApprovalChoice policy={policy} onChange={(approval) => set({ approval })} fault={faults.approval} />
      <LevelChoice
        level={policy.minLevel}
        onChange={(minLevel) => set({ minLevel })}
        hasKey={hasKey}
        fault={faults.min_level}
      />
      <ChoiceField
        label="Only in its own browser"
        hint="The agent proves itself from the browser that shows the sign-in. Then nobody can talk it into signing in theirs."
      >
        <Switch checked={policy.sameBrowser} onCheckedChange={(sameBrowser) => set({ sameBrowser })} />
      </ChoiceField>
      <WebsiteLimit
        websites={policy.websites}
        onChange={(websites) => set({ websites })}
        fault={faultAt(faults, 'allowed_clients')}
      />
      <ScopeLimit
        scopes={policy.scopes}
        onChange={(scopes) => set({ scopes })}
        fault={faultAt(faults, 'allowed_scopes')}
      />
    </div>
  )
}

/** Of a list, the server names the item that is wrong: `allowed_clients.0`. */
function faultAt(faults: Record<string, string>, field: string): string | undefined {
  return Object.entries(faults).find(([name]) => name === field || name.startsWith(`${field}.`))?.[1]
}

const APPROVALS: readonly { value: Policy['approval']; label: string; hint: string }[] = [
  { value: 'never', label: 'Never', hint: 'It signs in by itself, wherever the rest of this policy lets it.' },
  {
    value: 'first_time',
    label: 'The first time at a website',
    hint: 'Its owner says yes once for each website; after that it goes in by itself.',
  },
  {
    value: 'always',
    label: 'Every time',
    hint: 'Nothing happens until its owner has approved, here or from the mail.',
  },
]

interface ApprovalChoiceProps {
  policy: Policy
  onChange: (approval: Policy['approval']) => void
  fault: string | undefined
}

function ApprovalChoice({ policy, onChange, fault }: ApprovalChoiceProps) {
  const decided = policy.minLevel > STRONGEST_ALONE
  return (
    <FieldGroup
      legend="Does somebody approve first?"
      hint={decided ? 'The level below asks a person every time, so there is nothing to choose here.' : undefined}
      error={fault}
    >
      <RadioGroup
        value={decided ? 'always' : policy.approval}
        onValueChange={(value) => onChange(value as Policy['approval'])}
        disabled={decided}
      >
        {APPROVALS.map(({ value, label, hint }) => (
          <RadioChoice key={value} value={value} label={label} hint={hint} />
        ))}
      </RadioGroup>
    </FieldGroup>
  )
}

interface LevelChoiceProps {
  level: number
  onChange: (level: number) => void
  hasKey: boolean
  fault: string | undefined
}

function LevelChoice({ level, onChange, hasKey, fault }: LevelChoiceProps) {
  return (
    <FieldGroup
      legend="What is the least that it must prove?"
      hint={
        hasKey
          ? 'Anything weaker is refused. A website can ask for more, never for less.'
          : 'All but the first need a key pair: a secret alone proves no more than that somebody knows it.'
      }
      error={fault}
    >
      <RadioGroup value={String(level)} onValueChange={(value) => onChange(Number(value))}>
        {ASSURANCE_LEVELS.map(({ level: each, label, meaning }) => (
          <RadioChoice
            key={each}
            value={String(each)}
            label={label}
            hint={meaning}
            disabled={!hasKey && each > HIGHEST_WITH_SECRET}
            className="has-[:disabled]:cursor-not-allowed has-[:disabled]:border-dashed has-[:disabled]:bg-transparent"
          />
        ))}
      </RadioGroup>
    </FieldGroup>
  )
}

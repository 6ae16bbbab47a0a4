import { ChevronRight } from 'lucide-react'
import { FieldGroup } from '../../components/field-group.tsx'
import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import { OwnerField } from './owner-field.tsx'
import { defaultPolicy } from './policy.ts'
import { PolicyFields } from './policy-fields.tsx'
import { policyWords } from './policy-words.ts'
import type { Draft } from './registration.ts'
import { SecretLife } from './secret-life.tsx'

interface DraftFieldsProps {
  draft: Draft
  onChange: (draft: Draft) => void
  /** What the server says of the fields, by their names in the call. */
  faults: Record<string, string>
}

export function DraftFields({ draft, onChange, faults }: DraftFieldsProps) {
  const set = (changes: Partial<Draft>) => onChange({ ...draft, ...changes })
  return (
    <>
      <FormField label="Name" name="agent_name" hint="What you, and the websites, call it.">
        <Input
          required
          autoFocus
          maxLength={100}
          autoComplete="off"
          placeholder="Shopper"
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
        />
      </FormField>
      <FormField
        label="Model"
        name="model"
        optional
        hint="What it usually runs on. At each sign-in it says which model it runs on then."
      >
        <Input
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          placeholder="claude-sonnet-4-5"
          value={draft.model}
          onChange={(event) => set({ model: event.target.value })}
        />
      </FormField>
      <OwnerField owner={draft.owner} onChange={(owner) => set({ owner })} />
      <ProofChoice draft={draft} onChange={set} fault={faults.jwk} />
      <details className="group rounded-lg border" open={Object.keys(faults).some((name) => POLICY_FIELD.test(name))}>
        <summary className="flex cursor-pointer list-none items-start gap-2.5 rounded-lg p-3 -outline-offset-2 hover:bg-hover [&::-webkit-details-marker]:hidden">
          <ChevronRight
            className="mt-0.5 size-4 shrink-0 text-muted-foreground transition-transform group-open:rotate-90"
            aria-hidden
          />
          <span className="grid gap-0.5">
            <span className="font-medium">What it may do</span>
            <span className="text-[0.8125rem] text-muted-foreground">{sentenceOf(policyWords(draft.policy))}</span>
          </span>
        </summary>
        <div className="border-t p-4">
          <PolicyFields
            policy={draft.policy}
            onChange={(policy) => set({ policy })}
            hasKey={draft.proof === 'key'}
            faults={faults}
          />
        </div>
      </details>
    </>
  )
}

const POLICY_FIELD = /^(approval|min_level|same_browser|allowed_)/

const sentenceOf = (words: readonly string[]) => `${words.join(', ').replace(/^./, (first) => first.toUpperCase())}.`

interface ProofChoiceProps {
  draft: Draft
  onChange: (changes: Partial<Draft>) => void
  fault: string | undefined
}

/** The level follows, because a secret reaches only the lowest and a key deserves a higher one. */
function ProofChoice({ draft, onChange, fault }: ProofChoiceProps) {
  const choose = (proof: Draft['proof']) =>
    onChange({ proof, policy: { ...draft.policy, minLevel: defaultPolicy(proof === 'key').minLevel } })
  return (
    <div className="grid gap-4">
      <FieldGroup legend="How does it prove that it is itself?" error={fault}>
        <RadioGroup value={draft.proof} onValueChange={(value) => choose(value as Draft['proof'])}>
          <RadioChoice
            value="secret"
            label="With a secret"
            hint="The simplest: it sends a long password that we make. Good to begin with."
          />
          <RadioChoice
            value="key"
            label="With a key pair"
            hint="The safest: it signs each request. The private key is made in this browser and never leaves your hands."
          />
        </RadioGroup>
      </FieldGroup>
      {draft.proof === 'secret' && (
        <SecretLife days={draft.secretDays} onChange={(secretDays) => onChange({ secretDays })} />
      )}
    </div>
  )
}

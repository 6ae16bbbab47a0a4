import { useState } from 'react'
import { Checkbox } from '../../components/checkbox.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { ChoiceField } from '../../components/form-field.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import type { Method } from '../../connections.ts'

/** What asks and changes nothing. */
export const READING: readonly Method[] = ['GET', 'HEAD', 'OPTIONS']
const METHODS: readonly Method[] = [...READING, 'POST', 'PUT', 'PATCH', 'DELETE']

interface MethodChoiceProps {
  /** Undefined: all of them. */
  methods: readonly Method[] | undefined
  onChange: (methods: readonly Method[] | undefined) => void
  provider: string
}

export function MethodChoice({ methods, onChange, provider }: MethodChoiceProps) {
  const [kind, setKind] = useState('read')
  const choose = (chosen: string) => {
    setKind(chosen)
    onChange(chosen === 'all' ? undefined : READING)
  }
  const toggle = (method: Method, on: boolean) =>
    onChange(METHODS.filter((each) => (each === method ? on : methods?.includes(each))))
  return (
    <FieldGroup
      legend="What may it do?"
      error={methods?.length === 0 ? 'Choose one at least: a grant of nothing is of no use.' : undefined}
    >
      <RadioGroup value={kind} onValueChange={choose}>
        <RadioChoice
          value="read"
          label="Read"
          hint={`GET, HEAD and OPTIONS, which change nothing at ${provider}, as a rule.`}
        />
        <RadioChoice value="all" label="Read and change" hint="Every method, as far as the scopes go." />
        <RadioChoice value="some" label="Some methods" hint="For example POST alone, to add and never to delete." />
      </RadioGroup>
      {kind === 'some' && (
        <div className="grid grid-cols-2 gap-2.5 rounded-lg border bg-muted/50 p-3 sm:grid-cols-4">
          {METHODS.map((method) => (
            <ChoiceField key={method} label={<code className="font-mono text-[0.8125rem]">{method}</code>}>
              <Checkbox
                checked={methods?.includes(method) ?? true}
                onCheckedChange={(checked) => toggle(method, checked === true)}
              />
            </ChoiceField>
          ))}
        </div>
      )}
    </FieldGroup>
  )
}

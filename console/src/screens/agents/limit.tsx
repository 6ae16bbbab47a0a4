import type { ReactNode } from 'react'
import { FieldGroup } from '../../components/field-group.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'

interface LimitProps {
  legend: string
  /** Anything at all, or only what is listed. */
  anything: { label: string; hint: string }
  listed: { label: string; hint: string }
  limited: boolean
  onChange: (limited: boolean) => void
  fault: string | undefined
  /** The list, where there is one. */
  children: ReactNode
}

/** No limit, or a list of what is allowed. */
export function Limit({ legend, anything, listed, limited, onChange, fault, children }: LimitProps) {
  return (
    <FieldGroup legend={legend} error={fault}>
      <RadioGroup
        value={limited ? 'listed' : 'anything'}
        onValueChange={(value) => onChange(value === 'listed')}
        className="sm:grid-cols-2"
      >
        <RadioChoice value="anything" {...anything} />
        <RadioChoice value="listed" {...listed} />
      </RadioGroup>
      {limited && <div className="grid gap-3 rounded-lg border bg-muted/50 p-3">{children}</div>}
    </FieldGroup>
  )
}

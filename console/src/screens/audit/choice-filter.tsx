import { FormField } from '../../components/form-field.tsx'
import {
  Select,
  SelectContent,
  SelectGroup,
  SelectItem,
  SelectLabel,
  SelectTrigger,
  SelectValue,
} from '../../components/select.tsx'
import type { Named } from '../../names.ts'

export interface Choices {
  group: string
  choices: readonly Named[]
}

interface ChoiceFilterProps {
  label: string
  /** What no choice is called. */
  any: string
  value: string | undefined
  groups: readonly Choices[]
  onChange: (value: string | undefined) => void
}

/** Radix knows no empty value. No id of ours is this short. */
const ANY = '*'

export function ChoiceFilter({ label, any, value, groups, onChange }: ChoiceFilterProps) {
  const isKnown = groups.some(({ choices }) => choices.some(({ id }) => id === value))
  return (
    <FormField label={label}>
      {(control) => (
        <Select value={value ?? ANY} onValueChange={(chosen) => onChange(chosen === ANY ? undefined : chosen)}>
          <SelectTrigger {...control}>
            <SelectValue />
          </SelectTrigger>
          <SelectContent>
            <SelectItem value={ANY}>{any}</SelectItem>
            {/* Who is gone, or one of very many: the address can name whom the list does not. */}
            {value !== undefined && !isKnown && <SelectItem value={value}>{value}</SelectItem>}
            {groups.map(
              ({ group, choices }) =>
                choices.length > 0 && (
                  <SelectGroup key={group}>
                    <SelectLabel>{group}</SelectLabel>
                    {choices.map(({ id, name }) => (
                      <SelectItem key={id} value={id}>
                        {name}
                      </SelectItem>
                    ))}
                  </SelectGroup>
                ),
            )}
          </SelectContent>
        </Select>
      )}
    </FormField>
  )
}

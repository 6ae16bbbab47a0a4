import { useId } from 'react'
import { Input } from '../../components/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { isPattern } from '../../models.ts'
import type { Chosen } from './settings.ts'

interface ModelChoiceProps {
  chosen: Chosen
  onChoose: (model: string) => void
}

/** Of the provider's models. Where a pattern stands for many, the name is typed. */
export function ModelChoice({ chosen: { provider, model }, onChoose }: ModelChoiceProps) {
  const id = useId()
  const names = provider.models.filter((each) => !isPattern(each.id))
  if (names.length < provider.models.length)
    return (
      <>
        <Input
          aria-label="Model"
          list={id}
          value={model}
          onChange={({ target }) => onChoose(target.value.trim())}
          placeholder={provider.models.find((each) => isPattern(each.id))?.id}
          spellCheck={false}
          autoCapitalize="none"
          className="max-w-80 font-mono"
        />
        <datalist id={id}>
          {names.map((each) => (
            <option key={each.id} value={each.id} />
          ))}
        </datalist>
      </>
    )
  return (
    <Select value={model} onValueChange={onChoose}>
      <SelectTrigger aria-label="Model" className="max-w-80">
        <SelectValue />
      </SelectTrigger>
      <SelectContent>
        {names.map(({ id: name, breaker }) => (
          <SelectItem
            key={name}
            value={name}
            {...(breaker === 'open' && { description: 'Not answering at the moment' })}
          >
            {name}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
}

import { Plus, X } from 'lucide-react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { Input } from '../../components/input.tsx'
import { emptyModel, type ModelDraft } from './draft.ts'

interface ModelFieldsProps {
  drafts: readonly ModelDraft[]
  failure: ApiFailure | undefined
  onChange: (drafts: ModelDraft[]) => void
}

/** What it serves, by which name, and for how much. */
export function ModelFields({ drafts, failure, onChange }: ModelFieldsProps) {
  const change = (row: number, part: Partial<ModelDraft>) =>
    onChange(drafts.map((draft) => (draft.row === row ? { ...draft, ...part } : draft)))
  const add = () => onChange([...drafts, emptyModel(Math.max(0, ...drafts.map(({ row }) => row)) + 1)])
  return (
    <FieldGroup
      legend="Models"
      hint="A name may end with * and then stands for all that begin so. Without a price, that of the catalogue counts; where it knows none, the model is for people’s own keys only."
      error={faultOf(failure)}
    >
      <ol className="grid gap-3">
        {drafts.map((draft, index) => (
          <ModelRow
            key={draft.row}
            draft={draft}
            number={index + 1}
            onChange={(part) => change(draft.row, part)}
            onRemove={drafts.length > 1 ? () => onChange(drafts.filter(({ row }) => row !== draft.row)) : undefined}
          />
        ))}
      </ol>
      <Button variant="outline" size="sm" className="justify-self-start" onClick={add}>
        <Plus aria-hidden />
        Add a model
      </Button>
    </FieldGroup>
  )
}

/** Of the list as a whole, or of any of its rows. */
function faultOf(failure: ApiFailure | undefined): string | undefined {
  const [field, fault] = Object.entries(failure?.fields ?? {}).find(([name]) => /^models\b/.test(name)) ?? []
  if (field === undefined) return undefined
  const row = /^models\.(\d+)/.exec(field)?.[1]
  return row === undefined ? `The list ${fault}` : `Model ${Number(row) + 1} ${fault}`
}

interface ModelRowProps {
  draft: ModelDraft
  number: number
  onChange: (part: Partial<ModelDraft>) => void
  /** Undefined: it is the only one. */
  onRemove: (() => void) | undefined
}

function ModelRow({ draft, number, onChange, onRemove }: ModelRowProps) {
  return (
    <li className="grid grid-cols-2 gap-2 rounded-lg border p-3">
      <div className="col-span-2 flex gap-2">
        <Input
          required={number === 1}
          aria-label={`Name of model ${number}`}
          maxLength={201}
          value={draft.id}
          onChange={({ target }) => onChange({ id: target.value })}
          placeholder="Name, such as gpt-5-mini"
          spellCheck={false}
          autoCapitalize="none"
          className="font-mono"
        />
        {onRemove && (
          <Button variant="ghost" size="icon" aria-label={`Remove model ${number}`} onClick={onRemove}>
            <X aria-hidden />
          </Button>
        )}
      </div>
      <Input
        aria-label={`What the provider calls model ${number}`}
        maxLength={200}
        value={draft.upstream}
        onChange={({ target }) => onChange({ upstream: target.value })}
        placeholder="Its name there, if another"
        spellCheck={false}
        autoCapitalize="none"
        className="col-span-2 font-mono"
      />
      <Price
        label={`Dollars for a million tokens into model ${number}`}
        placeholder="$ per million in"
        value={draft.input}
        onChange={(input) => onChange({ input })}
      />
      <Price
        label={`Dollars for a million tokens out of model ${number}`}
        placeholder="$ per million out"
        value={draft.output}
        onChange={(output) => onChange({ output })}
      />
    </li>
  )
}

interface PriceProps {
  label: string
  placeholder: string
  value: string
  onChange: (value: string) => void
}

function Price({ label, placeholder, value, onChange }: PriceProps) {
  return (
    <Input
      type="number"
      min={0}
      max={100_000}
      step="any"
      inputMode="decimal"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      onChange={({ target }) => onChange(target.value)}
    />
  )
}

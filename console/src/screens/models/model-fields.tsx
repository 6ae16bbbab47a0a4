import { Plus, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { cn } from '../../components/class-names.ts'
import { FieldGroup } from '../../components/field-group.tsx'
import { Input } from '../../components/input.tsx'
import { Select, SelectContent, SelectItem, SelectTrigger, SelectValue } from '../../components/select.tsx'
import { emptyModel, type ModelDraft, type Purpose } from './draft.ts'

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
    <li className="grid grid-cols-2 items-end gap-x-3 gap-y-2.5 rounded-lg border p-3">
      <div className="col-span-2 flex items-end gap-2">
        <Part label="Name" number={number} className="flex-1">
          <Input
            required={number === 1}
            maxLength={201}
            value={draft.id}
            onChange={({ target }) => onChange({ id: target.value })}
            placeholder="gpt-5-mini"
            {...NAME}
          />
        </Part>
        {onRemove && (
          <Button variant="ghost" size="icon" aria-label={`Remove model ${number}`} onClick={onRemove}>
            <X aria-hidden />
          </Button>
        )}
      </div>
      <Part label="Name at the provider, if another" number={number} className="col-span-2 sm:col-span-1">
        <Input
          maxLength={200}
          value={draft.upstream}
          onChange={({ target }) => onChange({ upstream: target.value })}
          {...NAME}
        />
      </Part>
      <Part label="What it is for" number={number} className="col-span-2 sm:col-span-1">
        <PurposeSelect
          label={`What it is for, model ${number}`}
          purpose={draft.purpose}
          onChange={(purpose) => onChange({ purpose })}
        />
      </Part>
      <Part label="$ per million tokens in" number={number}>
        <Input {...PRICE} value={draft.input} onChange={({ target }) => onChange({ input: target.value })} />
      </Part>
      <Part label="$ per million tokens out" number={number}>
        <Input {...PRICE} value={draft.output} onChange={({ target }) => onChange({ output: target.value })} />
      </Part>
    </li>
  )
}

const NAME = { spellCheck: false, autoCapitalize: 'none', className: 'font-mono' } as const
const PRICE = { type: 'number', min: 0, max: 100_000, step: 'any', inputMode: 'decimal' } as const

const PURPOSES: readonly { purpose: Purpose; label: string; description: string }[] = [
  { purpose: 'guessed', label: 'Guessed from its name', description: 'Embeddings if “embed” is in it, else chat' },
  { purpose: 'chat', label: 'Chat', description: 'Whoever wants it to embed is refused' },
  { purpose: 'embeddings', label: 'Embeddings', description: 'Whoever chats with it is refused' },
  { purpose: 'both', label: 'Chat and embeddings', description: 'Nobody is refused' },
]

interface PurposeSelectProps {
  label: string
  purpose: Purpose
  onChange: (purpose: Purpose) => void
}

function PurposeSelect({ label, purpose, onChange }: PurposeSelectProps) {
  return (
    <Select value={purpose} onValueChange={(chosen) => onChange(chosen as Purpose)}>
      {/* What is chosen stands inside its label, and would be part of its name. */}
      <SelectTrigger aria-label={label}>
        <SelectValue />
      </SelectTrigger>
      <SelectContent>
        {PURPOSES.map((each) => (
          <SelectItem key={each.purpose} value={each.purpose} description={each.description}>
            {each.label}
          </SelectItem>
        ))}
      </SelectContent>
    </Select>
  )
}

interface PartProps {
  label: string
  number: number
  className?: string
  children: ReactNode
}

/** One of many fields of the same label, which say to who listens which model they are of. */
function Part({ label, number, className, children }: PartProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is its child
    <label className={cn('grid min-w-0 gap-1', className)}>
      <span className="text-xs text-muted-foreground">
        {label}
        <span className="sr-only">, model {number}</span>
      </span>
      {children}
    </label>
  )
}

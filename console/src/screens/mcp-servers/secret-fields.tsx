import { Plus, X } from 'lucide-react'
import type { ApiFailure } from '../../api.ts'
import { Button } from '../../components/button.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { Input, PasswordInput } from '../../components/input.tsx'
import type { SecretDraft } from './draft.ts'

interface SecretFieldsProps {
  legend: string
  hint: string
  /** Of the call: `headers` or `env`. */
  field: string
  /** What one of them is called. */
  what: string
  drafts: readonly SecretDraft[]
  failure: ApiFailure | undefined
  onChange: (drafts: SecretDraft[]) => void
}

/** Names with values that go in and never come out. */
export function SecretFields({ legend, hint, field, what, drafts, failure, onChange }: SecretFieldsProps) {
  const change = (row: number, part: Partial<SecretDraft>) =>
    onChange(drafts.map((draft) => (draft.row === row ? { ...draft, ...part } : draft)))
  const next = Math.max(-1, ...drafts.map(({ row }) => row)) + 1
  return (
    <FieldGroup legend={legend} hint={hint} error={faultOf(failure, field)}>
      <ol className="grid gap-3">
        {drafts.map((draft, index) => (
          <li
            key={draft.row}
            className="grid grid-cols-[minmax(0,1fr)_auto] gap-2 sm:grid-cols-[minmax(0,1fr)_minmax(0,1.3fr)_auto]"
          >
            <Input
              aria-label={`Name of ${what} ${index + 1}`}
              value={draft.name}
              readOnly={draft.isKept}
              onChange={({ target }) => change(draft.row, { name: target.value })}
              placeholder={field === 'env' ? 'API_TOKEN' : 'X-Api-Key'}
              maxLength={100}
              spellCheck={false}
              autoCapitalize="none"
              className="font-mono max-sm:col-span-2"
            />
            <PasswordInput
              what="value"
              aria-label={`Value of ${what} ${index + 1}`}
              value={draft.value}
              onChange={({ target }) => change(draft.row, { value: target.value })}
              placeholder={draft.isKept ? 'Kept; type to replace' : ''}
              maxLength={8192}
              autoComplete="off"
              spellCheck={false}
              className="font-mono"
            />
            <Button
              variant="ghost"
              size="icon"
              aria-label={`Remove ${what} ${index + 1}`}
              onClick={() => onChange(drafts.filter(({ row }) => row !== draft.row))}
            >
              <X aria-hidden />
            </Button>
          </li>
        ))}
      </ol>
      <Button
        variant="outline"
        size="sm"
        className="justify-self-start"
        onClick={() => onChange([...drafts, { row: next, name: '', value: '', isKept: false }])}
      >
        <Plus aria-hidden />
        Add a {what}
      </Button>
    </FieldGroup>
  )
}

/** Of all of them, or of one. */
function faultOf(failure: ApiFailure | undefined, field: string): string | undefined {
  const [name, fault] = Object.entries(failure?.fields ?? {}).find(([at]) => at.split('.')[0] === field) ?? []
  if (name === undefined) return undefined
  return name === field ? fault : `${name.slice(field.length + 1)} ${fault}`
}

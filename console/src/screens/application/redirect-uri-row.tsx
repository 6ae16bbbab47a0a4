import { CircleAlert, CircleCheck, LoaderCircle, X } from 'lucide-react'
import { useId } from 'react'
import { Button } from '../../components/button.tsx'
import { cn } from '../../components/class-names.ts'
import { Input } from '../../components/input.tsx'
import type { UriRow } from './draft.ts'
import { type UriCheck, useUriCheck } from './use-uri-check.ts'

interface RedirectUriRowProps {
  number: number
  row: UriRow
  onChange: (uri: string) => void
  /** Undefined where there is nothing to remove. */
  onRemove: (() => void) | undefined
  /** A row above holds the same. */
  repeated: boolean
  /** What the server said when it was sent. */
  fault: string | undefined
}

export function RedirectUriRow({ number, row, onChange, onRemove, repeated, fault }: RedirectUriRowProps) {
  const id = useId()
  const { uri, saved } = row
  const checked = useUriCheck(uri === saved ? '' : uri.trim())
  const check: UriCheck = repeated ? { state: 'wrong', words: 'stands here already' } : faultOr(checked, fault)
  return (
    <div className="grid gap-1">
      <div className="flex gap-2">
        <Input
          value={uri}
          onChange={(event) => onChange(event.target.value)}
          aria-label={`Redirect URI ${number}`}
          aria-describedby={id}
          aria-invalid={check.state === 'wrong' || undefined}
          placeholder="https://www.example.com/callback"
          inputMode="url"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          className="font-mono sm:text-[0.8125rem]"
        />
        {onRemove && (
          <Button variant="ghost" size="icon" aria-label={`Remove redirect URI ${number}`} onClick={onRemove}>
            <X aria-hidden />
          </Button>
        )}
      </div>
      <p id={id} role="status" className={cn('flex gap-1.5 text-[0.8125rem] empty:hidden', COLOURS[check.state])}>
        <CheckWords check={check} />
      </p>
    </div>
  )
}

/** Where the check cannot answer, the refusal of what was sent stands. */
function faultOr(check: UriCheck, fault: string | undefined): UriCheck {
  return fault !== undefined && check.state === 'unknown' ? { state: 'wrong', words: fault } : check
}

const COLOURS: Record<UriCheck['state'], string> = {
  unknown: '',
  checking: 'text-muted-foreground',
  fine: 'text-success',
  wrong: 'text-destructive',
}

/** While it is being checked there is nothing to read out. */
function CheckWords({ check }: { check: UriCheck }) {
  if (check.state === 'unknown') return null
  if (check.state === 'checking')
    return (
      <span aria-hidden className="flex gap-1.5">
        <LoaderCircle className="mt-0.5 size-3.5 shrink-0 animate-spin" />
        Checking
      </span>
    )
  const [Icon, words] =
    check.state === 'wrong' ? [CircleAlert, `It ${check.words}`] : [CircleCheck, 'Can be registered']
  return (
    <>
      <Icon className="mt-0.5 size-3.5 shrink-0" aria-hidden />
      <span>{words}</span>
    </>
  )
}

import { useEffect, useEffectEvent, useState } from 'react'
import { FormField } from '../../components/form-field.tsx'
import { Input } from '../../components/input.tsx'

interface TimeFilterProps {
  label: string
  /** RFC 3339, so that it is the same moment for whom the address is passed on to. */
  value: string | undefined
  onChange: (value: string | undefined) => void
  error?: string | undefined
}

/** While somebody types a date, every digit makes another one; only where they stop is it asked for. */
const PAUSE_MS = 700

export function TimeFilter({ label, value, onChange, error }: TimeFilterProps) {
  const [text, setText] = useState(localOf(value))
  const [followed, follow] = useState(value)
  if (value !== followed) {
    follow(value)
    setText(localOf(value))
  }

  const commit = useEffectEvent(() => onChange(momentOf(text)))
  useEffect(() => {
    if (text === localOf(value)) return
    const timer = setTimeout(commit, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, value])

  return (
    <FormField label={label} error={error}>
      <Input type="datetime-local" value={text} onChange={(event) => setText(event.target.value)} />
    </FormField>
  )
}

/** What the field wants: the reader's own clock, to the minute. */
function localOf(moment: string | undefined): string {
  const at = new Date(moment ?? Number.NaN)
  if (Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function momentOf(text: string): string | undefined {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}

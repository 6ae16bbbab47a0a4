import { Plus } from 'lucide-react'
import { useRef } from 'react'
import { Button } from '../../components/button.tsx'
import { FieldGroup } from '../../components/field-group.tsx'
import { newRow, type UriRow } from './draft.ts'
import { RedirectUriRow } from './redirect-uri-row.tsx'

interface RedirectUrisProps {
  rows: readonly UriRow[]
  onChange: (rows: readonly UriRow[]) => void
  /** What the server said, field -> sentence. */
  faults: Record<string, string>
}

/** Where sign-ins may end, each address in a row of its own, checked while it is typed. */
export function RedirectUris({ rows, onChange, faults }: RedirectUrisProps) {
  const list = useRef<HTMLDivElement>(null)
  const sent = rows.filter(({ uri }) => uri.trim() !== '')

  const focusRow = (index: number) =>
    // The row is there after React has drawn it.
    setTimeout(() => list.current?.querySelectorAll('input')[index]?.focus())
  const add = () => {
    onChange([...rows, newRow()])
    focusRow(rows.length)
  }
  const remove = (index: number) => {
    const left = rows.filter((_, at) => at !== index)
    onChange(left.length > 0 ? left : [newRow()])
    focusRow(Math.max(0, index - 1))
  }

  return (
    <FieldGroup
      legend="Redirect URIs"
      hint="Where the browser goes back to, signed in. Compared exactly: https, or http on localhost for development."
      error={faults.redirect_uris}
    >
      <div ref={list} className="grid gap-2.5">
        {rows.map((row, index) => (
          <RedirectUriRow
            key={row.id}
            number={index + 1}
            row={row}
            onChange={(uri) => onChange(rows.map((each) => (each.id === row.id ? { ...each, uri } : each)))}
            onRemove={rows.length > 1 || row.uri !== '' ? () => remove(index) : undefined}
            repeated={rows.slice(0, index).some(({ uri }) => uri !== '' && uri.trim() === row.uri.trim())}
            fault={faults[`redirect_uris.${sent.indexOf(row)}`]}
          />
        ))}
      </div>
      <Button variant="outline" size="sm" className="justify-self-start" onClick={add}>
        <Plus aria-hidden />
        Add a redirect URI
      </Button>
    </FieldGroup>
  )
}

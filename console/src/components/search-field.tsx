import { Search, X } from 'lucide-react'
import { useRef } from 'react'
import { cn } from './class-names.ts'
import { Input } from './input.tsx'

interface SearchFieldProps {
  /** What is searched: "Search agents". Also stands in the empty field. */
  label: string
  value: string
  onChange: (value: string) => void
  className?: string
}

export function SearchField({ label, value, onChange, className }: SearchFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  const clear = () => {
    onChange('')
    field.current?.focus()
  }
  return (
    <div className={cn('relative', className)}>
      <Search
        className="pointer-events-none absolute inset-y-0 left-3 my-auto size-4 text-muted-foreground"
        aria-hidden
      />
      <Input
        ref={field}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        // Not of type "search", whose own cross looks different in every browser.
        role="searchbox"
        aria-label={label}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        className="px-9"
      />
      {value !== '' && (
        <button
          type="button"
          aria-label="Clear the search"
          onClick={clear}
          className="absolute inset-y-1 right-1 grid w-7 place-items-center rounded-md text-muted-foreground hover:text-foreground"
        >
          <X className="size-4" aria-hidden />
        </button>
      )}
    </div>
  )
}

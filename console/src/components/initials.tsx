import { cn } from './class-names.ts'

const GROUNDS = [
  'bg-success-ground text-success',
  'bg-info-ground text-info',
  'bg-warning-ground text-warning',
  'bg-destructive-ground text-destructive',
  'bg-muted text-muted-foreground',
]

/** Stands beside the name it is made of, so it says nothing by itself. */
export function Initials({ name, className }: { name: string; className?: string }) {
  return (
    <span
      aria-hidden
      className={cn(
        'grid size-8 shrink-0 place-items-center rounded-full text-xs font-semibold uppercase select-none',
        groundOf(name),
        className,
      )}
    >
      {initialsOf(name)}
    </span>
  )
}

function initialsOf(name: string): string {
  const [first = '?', ...rest] = name.trim().split(/[\s@._-]+/)
  return `${[...first][0] ?? '?'}${[...(rest.at(-1) ?? '')][0] ?? ''}`
}

/** The same for the same name, everywhere. */
function groundOf(name: string): string {
  const sum = [...name].reduce((total, character) => total + (character.codePointAt(0) ?? 0), 0)
  return GROUNDS[sum % GROUNDS.length] ?? ''
}

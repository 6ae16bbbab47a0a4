interface NameListProps {
  /** What they are, to who listens. */
  label: string
  names: readonly { name: string; title?: string | undefined }[]
}

const SHOWN = 3

/** The first of some technical names, and how many more there are. */
export function NameList({ label, names }: NameListProps) {
  const more = names.length - SHOWN
  return (
    <ul aria-label={label} className="flex min-w-0 flex-wrap gap-1">
      {names.slice(0, SHOWN).map(({ name, title = name }) => (
        <li
          key={name}
          className="max-w-full truncate rounded-md bg-muted px-1.5 py-0.5 font-mono text-xs"
          title={title}
        >
          {name}
        </li>
      ))}
      {more > 0 && (
        <li
          className="py-0.5 text-xs text-muted-foreground"
          title={names
            .slice(SHOWN)
            .map(({ name }) => name)
            .join(', ')}
        >
          and {more} more
        </li>
      )}
    </ul>
  )
}

/*
 * On phones every row is a card: its cells below each other, each with the name of its column. Some browsers take
 * `display: block` for the end of a table, so the roles are said aloud.
 */
// biome-ignore-all lint/a11y/noRedundantRoles: see above
import type { ComponentProps } from 'react'
import { cn } from './class-names.ts'

interface TableProps extends ComponentProps<'table'> {
  /** What the table lists. */
  label: string
}

export function Table({ label, className, ...props }: TableProps) {
  return <table role="table" aria-label={label} className={cn('w-full text-left max-sm:block', className)} {...props} />
}

export function TableHeader({ className, ...props }: ComponentProps<'thead'>) {
  return (
    <thead
      role="rowgroup"
      className={cn('border-b text-xs text-muted-foreground max-sm:sr-only', className)}
      {...props}
    />
  )
}

export function TableBody({ className, ...props }: ComponentProps<'tbody'>) {
  return <tbody role="rowgroup" className={cn('divide-y max-sm:block', className)} {...props} />
}

export function TableRow({ className, ...props }: ComponentProps<'tr'>) {
  return (
    <tr
      role="row"
      className={cn(
        'relative transition-colors in-[tbody]:hover:bg-hover max-sm:grid max-sm:gap-1.5 max-sm:px-4 max-sm:py-3.5',
        className,
      )}
      {...props}
    />
  )
}

export function TableHead({ className, ...props }: ComponentProps<'th'>) {
  return (
    <th
      role="columnheader"
      scope="col"
      className={cn('h-9 px-3 font-medium whitespace-nowrap first:pl-5 last:pr-5', className)}
      {...props}
    />
  )
}

interface TableCellProps extends ComponentProps<'td'> {
  /** The name of the column, for phones; without, the cell has the whole width: the title of the card, its buttons. */
  label?: string
}

export function TableCell({ label, className, children, ...props }: TableCellProps) {
  return (
    <td
      role="cell"
      className={cn(
        'px-3 py-3 align-middle first:pl-5 last:pr-5 max-sm:p-0! max-sm:min-w-0 sm:max-w-0 sm:min-w-24',
        label !== undefined && 'max-sm:grid max-sm:grid-cols-[7rem_minmax(0,1fr)] max-sm:items-baseline max-sm:gap-3',
        className,
      )}
      {...props}
    >
      {label !== undefined && (
        <span aria-hidden className="text-[0.8125rem] text-muted-foreground sm:hidden">
          {label}
        </span>
      )}
      {label === undefined ? children : <div className="min-w-0">{children}</div>}
    </td>
  )
}

/** On the link in a row that opens it: all of the row can be hit. Buttons in the row need `relative`. */
export const ROW_LINK = 'after:absolute after:inset-0 font-medium hover:underline'

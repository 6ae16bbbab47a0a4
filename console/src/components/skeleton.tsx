import type { ComponentProps } from 'react'
import { cn } from './class-names.ts'

/** The place of something that is being loaded. Give it the size of what will come. */
export function Skeleton({ className, ...props }: ComponentProps<'div'>) {
  return <div aria-hidden className={cn('animate-pulse rounded-md bg-foreground/9', className)} {...props} />
}

const WIDTHS = ['w-1/2', 'w-2/3', 'w-2/5', 'w-3/5', 'w-1/3']

/** A list that is being loaded, told once to who listens. */
export function SkeletonRows({ rows = 5, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div role="status" className="grid">
      <span className="sr-only">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows that hold nothing and never move
        <div key={row} className="flex items-center gap-4 border-b px-4 py-3.5 last:border-0 sm:px-5">
          <Skeleton className="size-8 rounded-full" />
          <div className="grid flex-1 gap-2">
            <Skeleton className={cn('h-3.5', WIDTHS[row % WIDTHS.length])} />
            <Skeleton className="h-3 w-1/4" />
          </div>
          <Skeleton className="hidden h-5 w-20 rounded-full sm:block" />
        </div>
      ))}
    </div>
  )
}

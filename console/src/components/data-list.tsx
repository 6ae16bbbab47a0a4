import type { ComponentProps, ReactNode } from 'react'
import { cn } from './class-names.ts'

/** Facts about one thing: names at the left, values at the right, below each other on phones. */
export function DataList({ className, ...props }: ComponentProps<'dl'>) {
  return <dl className={cn('divide-y', className)} {...props} />
}

interface DataItemProps {
  label: ReactNode
  children: ReactNode
  className?: string
}

export function DataItem({ label, children, className }: DataItemProps) {
  return (
    <div className={cn('grid gap-x-6 gap-y-0.5 py-2.5 sm:grid-cols-[11rem_minmax(0,1fr)]', className)}>
      <dt className="text-muted-foreground">{label}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  )
}

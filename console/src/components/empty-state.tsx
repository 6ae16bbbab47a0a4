import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from './class-names.ts'

interface EmptyStateProps {
  icon: LucideIcon
  title: string
  /** What this is for and what to do now: who sees an empty list is new here. */
  children: ReactNode
  /** A `Button`, usually the one that makes the first thing. */
  action?: ReactNode
  /** A link to read more. */
  link?: ReactNode
  className?: string
}

export function EmptyState({ icon: Icon, title, children, action, link, className }: EmptyStateProps) {
  return (
    <div className={cn('grid justify-items-center gap-4 px-6 py-12 text-center', className)}>
      <span className="grid size-12 place-items-center rounded-2xl border bg-card text-primary shadow-card">
        <Icon className="size-6 stroke-[1.75]" aria-hidden />
      </span>
      <div className="grid max-w-md gap-1.5 text-balance">
        <h2 className="text-base font-semibold tracking-tight">{title}</h2>
        <div className="text-muted-foreground">{children}</div>
      </div>
      {(action || link) && (
        <div className="flex flex-wrap items-center justify-center gap-x-4 gap-y-2">
          {action}
          {link}
        </div>
      )}
    </div>
  )
}

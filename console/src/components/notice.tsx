import { CircleCheck, CircleX, type LucideIcon, TriangleAlert, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from './button.tsx'
import { cn } from './class-names.ts'

type Tone = 'success' | 'warning' | 'danger'

const LOOKS: Record<Tone, { icon: LucideIcon; ground: string; text: string }> = {
  success: { icon: CircleCheck, ground: 'bg-success-ground', text: 'text-success' },
  warning: { icon: TriangleAlert, ground: 'bg-warning-ground', text: 'text-warning' },
  danger: { icon: CircleX, ground: 'bg-destructive-ground', text: 'text-destructive' },
}

interface NoticeProps {
  tone: Tone
  title: ReactNode
  children?: ReactNode
  /** What to do about it now. */
  actions?: ReactNode
  /** Without, it stays for as long as it is true. */
  onClose?: () => void
  className?: string
}

/** Something about the whole screen: how it came out, or what keeps it from working. Read out when it appears. */
export function Notice({ tone, title, children, actions, onClose, className }: NoticeProps) {
  const { icon: Icon, ground, text } = LOOKS[tone]
  return (
    <div
      role={tone === 'danger' ? 'alert' : 'status'}
      className={cn('flex gap-3 rounded-xl px-4 py-3.5 sm:px-5', ground, className)}
    >
      <Icon className={cn('mt-0.5 size-5 shrink-0', text)} aria-hidden />
      <div className="flex min-w-0 flex-1 flex-wrap items-center justify-between gap-x-6 gap-y-3 sm:flex-nowrap">
        <div className="grid min-w-0 max-w-3xl gap-0.5">
          <p className={cn('font-semibold', text)}>{title}</p>
          {children && <div className="text-foreground">{children}</div>}
        </div>
        {actions && <div className="flex shrink-0 flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {onClose && (
        <Button variant="ghost" size="icon-sm" aria-label="Put away" className="-my-1 -mr-2" onClick={onClose}>
          <X aria-hidden />
        </Button>
      )}
    </div>
  )
}

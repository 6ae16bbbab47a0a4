import { Check, LoaderCircle, type LucideIcon, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Tone } from './badge.tsx'
import { cn } from './class-names.ts'
import { RelativeTime } from './relative-time.tsx'

export interface TimelineStep {
  id: string
  title: ReactNode
  tone: Tone
  at?: string
  detail?: ReactNode
  icon?: LucideIcon
  /** It is being waited for: a wheel turns. */
  waiting?: boolean
}

const DOTS: Record<Tone, string> = {
  neutral: 'bg-muted text-muted-foreground',
  success: 'bg-success-ground text-success',
  warning: 'bg-warning-ground text-warning',
  danger: 'bg-destructive-ground text-destructive',
  info: 'bg-info-ground text-info',
}

/** What happened, oldest first. A step that comes while one looks moves in. */
export function Timeline({ steps, label }: { steps: readonly TimelineStep[]; label: string }) {
  return (
    <ol aria-label={label} className="grid">
      {steps.map((step) => (
        <li key={step.id} className="group relative flex animate-rise gap-3 pb-5 last:pb-0">
          <span
            aria-hidden
            className="absolute top-7 bottom-0 left-3 w-px -translate-x-1/2 bg-border group-last:hidden"
          />
          <span className={cn('z-10 grid size-6 shrink-0 place-items-center rounded-full', DOTS[step.tone])}>
            <StepIcon step={step} />
          </span>
          <div className="grid min-w-0 flex-1 gap-0.5 pt-0.5">
            <div className="flex flex-wrap items-baseline justify-between gap-x-3">
              <p className="font-medium">{step.title}</p>
              {step.at && <RelativeTime at={step.at} className="text-xs text-muted-foreground" />}
            </div>
            {step.detail && <div className="text-[0.8125rem] text-muted-foreground">{step.detail}</div>}
          </div>
        </li>
      ))}
    </ol>
  )
}

function StepIcon({ step }: { step: TimelineStep }) {
  if (step.waiting) return <LoaderCircle className="size-3.5 animate-spin" aria-hidden />
  const Icon = step.icon ?? (step.tone === 'danger' ? X : Check)
  return <Icon className="size-3.5" aria-hidden />
}

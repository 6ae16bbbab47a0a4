import { Check } from 'lucide-react'
import { Card } from '../../components/card.tsx'
import { cn } from '../../components/class-names.ts'
import { usePermissions } from '../../me.ts'
import type { Checklist } from './overview-query.ts'
import { STEPS, type Step } from './steps.tsx'

/** The first steps; each turns green by itself, the moment it is done. */
export function StepList({ checklist }: { checklist: Checklist }) {
  const done = STEPS.filter(({ name }) => checklist[name]).length
  return (
    <Card aria-labelledby="first-steps">
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 p-4 pb-3 sm:px-5">
        <div className="grid gap-0.5">
          <h2 id="first-steps" className="text-[0.9375rem] leading-snug font-semibold tracking-tight">
            First steps
          </h2>
          <p className="text-muted-foreground">Four things, and an agent of yours is signed in somewhere.</p>
        </div>
        <Progress done={done} />
      </div>
      <Steps checklist={checklist} />
    </Card>
  )
}

function Progress({ done }: { done: number }) {
  return (
    <div className="flex items-center gap-2.5">
      <span aria-hidden className="h-1.5 w-24 overflow-hidden rounded-full bg-muted">
        <span
          className="block h-full rounded-full bg-brand transition-[width] duration-500"
          style={{ width: `${(100 * done) / STEPS.length}%` }}
        />
      </span>
      <span role="status" className="text-[0.8125rem] text-muted-foreground tabular-nums">
        {done} of {STEPS.length} done
      </span>
    </div>
  )
}

/** The list by itself, also for who wants to see it again when all is done. */
export function Steps({ checklist }: { checklist: Checklist }) {
  const next = STEPS.find(({ name }) => !checklist[name])
  return (
    <ol className="grid">
      {STEPS.map((step, index) => (
        <StepItem
          key={step.name}
          step={step}
          number={index + 1}
          done={checklist[step.name]}
          next={step.name === next?.name}
        />
      ))}
    </ol>
  )
}

interface StepItemProps {
  step: Step
  number: number
  done: boolean
  /** The first that is not done: its button stands out. */
  next: boolean
}

function StepItem({ step: { title, words, Action, makes, Note }, number, done, next }: StepItemProps) {
  const { canWrite } = usePermissions()
  return (
    <li className={cn('flex gap-3.5 border-t px-4 py-3.5 sm:px-5', next && 'bg-primary-ground/50')}>
      <Mark done={done} number={number} />
      <div className="grid min-w-0 flex-1 gap-3">
        <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2.5">
          <div className="grid min-w-0 flex-1 basis-64 gap-0.5">
            <p className={cn('font-medium', done && 'text-muted-foreground')}>
              {title}
              {done && <span className="sr-only">, done</span>}
            </p>
            {!done && <p className="text-[0.8125rem] text-muted-foreground">{words}</p>}
          </div>
          {!done && (canWrite || !makes) && <Action next={next} />}
        </div>
        {!done && Note && <Note />}
      </div>
    </li>
  )
}

function Mark({ done, number }: { done: boolean; number: number }) {
  if (done)
    return (
      // The key makes it a new element, which appears: that is all the applause a single step gets.
      <span
        key="done"
        aria-hidden
        className="grid size-6 shrink-0 animate-appear place-items-center rounded-full bg-success-ground text-success"
      >
        <Check className="size-4 stroke-[2.5]" />
      </span>
    )
  return (
    <span
      key="open"
      aria-hidden
      className="grid size-6 shrink-0 place-items-center rounded-full border text-xs font-medium text-muted-foreground tabular-nums"
    >
      {number}
    </span>
  )
}

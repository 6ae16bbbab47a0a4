import { ChevronDown, PartyPopper, X } from 'lucide-react'
import { useId, useState } from 'react'
import { Button } from '../../components/button.tsx'
import { Card } from '../../components/card.tsx'
import { cn } from '../../components/class-names.ts'
import { focusContent } from '../../focus-content.ts'
import { Confetti } from './confetti.tsx'
import type { Checklist } from './overview-query.ts'
import { Steps } from './step-list.tsx'

interface AllSetProps {
  checklist: Checklist
  /** For the first time: with confetti. */
  celebrate: boolean
  onPutAway: () => void
}

/** The first steps when all are taken: one line, which opens, or is put away. */
export function AllSet({ checklist, celebrate, onPutAway }: AllSetProps) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const putAway = () => {
    onPutAway()
    focusContent()
  }
  return (
    <Card className="relative animate-appear bg-primary-ground/50">
      {celebrate && <Confetti />}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 py-3 pr-3 pl-4 sm:pl-5">
        <span
          aria-hidden
          className="grid size-8 shrink-0 place-items-center rounded-full bg-success-ground text-success"
        >
          <PartyPopper className="size-4.5" />
        </span>
        <p role="status" className="min-w-0 flex-1">
          <strong className="font-semibold">You are set up.</strong>{' '}
          <span className="text-muted-foreground">An agent of yours has signed in. All four steps are done.</span>
        </p>
        <Button variant="ghost" size="sm" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
          {open ? 'Hide the steps' : 'Show the steps'}
          <ChevronDown className={cn('transition-transform', open && 'rotate-180')} aria-hidden />
        </Button>
        <Button variant="ghost" size="icon-sm" aria-label="Put the first steps away" onClick={putAway}>
          <X aria-hidden />
        </Button>
      </div>
      <div id={id} hidden={!open}>
        <Steps checklist={checklist} />
      </div>
    </Card>
  )
}

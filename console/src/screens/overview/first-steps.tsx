import { useEffect, useState } from 'react'
import { useMe } from '../../me.ts'
import { AllSet } from './all-set.tsx'
import { type Checklist, isDone } from './overview-query.ts'
import { StepList } from './step-list.tsx'

/** What this browser remembers of an organization's first steps; nothing, if it never saw them open. */
type Memory = 'open' | 'done' | null

const keyOf = (organizationId: string) => `auth-agent-first-steps-${organizationId}`

/**
 * What to do first, as long as there is something. Whoever saw it open is congratulated once, wherever the last step was
 * taken, and then puts it away; an organization that was set up before never sees it.
 */
export function FirstSteps({ checklist }: { checklist: Checklist }) {
  const { organization } = useMe()
  const key = keyOf(organization.id)
  const [memory, setMemory] = useState(() => localStorage.getItem(key) as Memory)
  const done = isDone(checklist)

  useEffect(() => {
    if (!done) localStorage.setItem(key, 'open')
    else if (localStorage.getItem(key) === 'open') localStorage.setItem(key, 'done')
  }, [done, key])
  if (!done && memory === null) setMemory('open')

  if (!done) return <StepList checklist={checklist} />
  if (memory === null) return null
  const putAway = () => {
    localStorage.removeItem(key)
    setMemory(null)
  }
  return <AllSet checklist={checklist} celebrate={memory === 'open'} onPutAway={putAway} />
}

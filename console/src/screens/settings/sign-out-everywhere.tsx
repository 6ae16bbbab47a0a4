import { Slot } from 'radix-ui'
import { type ReactElement, useState } from 'react'
import { ConfirmDialog } from '../../components/confirm-dialog.tsx'
import { RadioChoice, RadioGroup } from '../../components/radio-group.tsx'
import { tellTabs } from '../../session-channel.ts'
import { useAct } from '../../use-act.ts'
import { endAllSessions, endOtherSessions } from './session.ts'

interface SignOutEverywhereProps {
  /** How many browsers besides this one are signed in. */
  others: number
  /** The button that asks. */
  children: ReactElement
}

type Extent = 'others' | 'all'

export function SignOutEverywhere({ others, children }: SignOutEverywhereProps) {
  const [asking, setAsking] = useState(false)
  const [extent, setExtent] = useState<Extent>('others')
  const end = useAct({
    act: (chosen: Extent) => (chosen === 'all' ? endAllSessions() : endOtherSessions()),
    changes: ['sessions'],
    onDone: (_, chosen) => {
      setAsking(false)
      if (chosen === 'all') leave()
    },
  })
  return (
    <>
      <Slot.Root onClick={() => setAsking(true)}>{children}</Slot.Root>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Sign out everywhere?"
        description="Those browsers have to sign in again. Your agents, your API keys and the apps that you approved go on."
        action="Sign out"
        pending={end.pending}
        onConfirm={() => end.run(extent)}
      >
        <RadioGroup
          value={extent}
          onValueChange={(chosen: Extent) => setExtent(chosen)}
          aria-label="Which browsers"
          className="mt-2"
        >
          <RadioChoice value="others" label="All others" hint={othersHint(others)} />
          <RadioChoice value="all" label="This one too" hint="You have to sign in again here as well." />
        </RadioGroup>
      </ConfirmDialog>
    </>
  )
}

function othersHint(others: number): string {
  if (others === 0) return 'At the moment you are signed in nowhere else.'
  return others === 1 ? 'One browser besides this one.' : `${others} browsers besides this one.`
}

/** By a full load, so that nothing of this session stays in memory. */
function leave(): void {
  tellTabs('signed-out')
  location.assign('/console/signed-out')
}

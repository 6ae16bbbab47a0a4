import { useEffect, useRef, useState } from 'react'
import type { Application } from '../../applications.ts'
import { beginTestSignIn, hearOutcomes, type TestOutcome } from '../../test-sign-in.ts'
import { useAct } from '../../use-act.ts'

export interface TestUnderWay {
  state: string
  authorizeUrl: string
  startedAt: number
  /** The browser opened no tab by itself, so somebody has to click a link. */
  blocked: boolean
}

/** Begins a test in a new tab, and hears how it ends there. */
export function useTestSignIn(application: Application) {
  const [under, setUnder] = useState<TestUnderWay>()
  const [outcome, setOutcome] = useState<TestOutcome>()
  const tab = useRef<Window | null>(null)

  useEffect(
    () =>
      hearOutcomes((heard) => {
        if (heard.state === under?.state) setOutcome(heard)
      }),
    [under],
  )

  const begin = useAct({
    act: async () => {
      try {
        return await beginTestSignIn(application)
      } catch (error) {
        tab.current?.close()
        throw error
      }
    },
    inForm: true,
    onDone: ({ state, authorizeUrl }) => {
      setOutcome(undefined)
      setUnder({ state, authorizeUrl, startedAt: Date.now(), blocked: tab.current === null })
      if (tab.current) tab.current.location.href = authorizeUrl
    },
  })

  const open = () => {
    if (begin.pending) return
    // Now, while the click counts: browsers open no tab for an answer that comes later.
    tab.current = window.open('about:blank', '_blank')
    begin.run()
  }
  return { open, under, outcome, pending: begin.pending, failure: begin.failure }
}

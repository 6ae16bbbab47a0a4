import { useEffect, useEffectEvent } from 'react'
import { answer, api } from '../../api.ts'
import { hearTabs } from '../../session-channel.ts'

/** Another tab, or the link in a mail, may have signed in while this one waits: then there is nothing to ask any more. */
export function useSignedInElsewhere(goOn: () => void): void {
  const go = useEffectEvent(goOn)
  useEffect(() => {
    let left = false
    const look = () =>
      answer(api.api.me.$get()).then(
        () => left || go(),
        () => undefined,
      )
    const stopHearing = hearTabs((news) => news === 'signed-in' && void look())
    addEventListener('focus', look)
    return () => {
      left = true
      stopHearing()
      removeEventListener('focus', look)
    }
  }, [])
}

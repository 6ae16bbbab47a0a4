import { useEffect } from 'react'
import { type ConnectionRequest, requestConnection } from '../../connections.ts'
import { useAct } from '../../use-act.ts'

/** Asks for a connection and leads the browser to the provider, from where it comes back to the list. */
export function useConsent({ inForm = false } = {}) {
  const consent = useAct({
    act: (request: ConnectionRequest) => requestConnection(request),
    changes: ['connections'],
    inForm,
    onDone: ({ authUrl }) => location.assign(authUrl),
  })
  // Whoever goes "back" from there finds this page as they left it, and may want to go again.
  const { reset } = consent
  useEffect(() => {
    const restored = ({ persisted }: PageTransitionEvent) => persisted && reset()
    addEventListener('pageshow', restored)
    return () => removeEventListener('pageshow', restored)
  }, [reset])
  return { ...consent, leaving: consent.pending || consent.succeeded }
}

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useSignInNews } from '../../live.ts'
import { mergeSignIn, type SignIn } from '../../sign-ins.ts'

/** Takes sign-ins that change into the lists, and remembers which of them began while one looked. */
export function useArrivals(): ReadonlySet<string> {
  const client = useQueryClient()
  const [openedAt] = useState(() => Date.now())
  const [arrivals, setArrivals] = useState<ReadonlySet<string>>(new Set())
  useSignInNews<SignIn>((signIn) => {
    mergeSignIn(client, signIn)
    if (Date.parse(signIn.created_at) < openedAt || arrivals.has(signIn.request_id)) return
    setArrivals((before) => new Set([...before, signIn.request_id]))
  })
  return arrivals
}

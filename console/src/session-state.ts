import { useSyncExternalStore } from 'react'

/** What the server last said about this session. Set by any failed call, shown once by the shell. */
export type SessionState = 'fine' | 'signed-out' | 'not-a-member'

let state: SessionState = 'fine'
const listeners = new Set<() => void>()

export function setSessionState(next: SessionState): void {
  if (next === state) return
  state = next
  for (const listener of listeners) listener()
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => state,
  )
}

import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import { meQuery } from './me.ts'
import { useSessionState } from './session-state.ts'

/** What a change of a sign-in may change on any screen. */
const TOUCHED = [['sign-ins'], ['approvals'], ['overview'], ['tokens']]

const RETRY_MS = 10_000

/** Where much happens at once, it is asked for at most this often. */
const PACE_MS = 1000

const listeners = new Set<(signIn: unknown) => void>()

/** Whether what one sees is how it is. */
export type LiveState = 'connecting' | 'live' | 'reconnecting'

let state: LiveState = 'connecting'
const watchers = new Set<() => void>()

function setState(next: LiveState): void {
  state = next
  for (const watcher of watchers) watcher()
}

export function useLiveState(): LiveState {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    () => state,
  )
}

/** One stream per tab, and only while someone looks: a server has connections for many tabs, a browser for six. */
export function useLiveSignIns(): void {
  const client = useQueryClient()
  const session = useSessionState()
  useEffect(() => (session === 'fine' ? follow(client) : undefined), [client, session])
}

/** Returns what ends it. */
function follow(client: QueryClient): () => void {
  let source: EventSource | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let missed = false
  let due: ReturnType<typeof setTimeout> | undefined
  let last = 0

  const refetchSoon = () => {
    due ??= setTimeout(
      () => {
        due = undefined
        last = Date.now()
        refetch(client)
      },
      Math.max(0, last + PACE_MS - Date.now()),
    )
  }
  const stop = () => {
    clearTimeout(retry)
    clearTimeout(due)
    due = undefined
    source?.close()
  }
  const start = () => {
    stop()
    if (document.hidden) return
    source = new EventSource('/api/sign-ins/stream')
    source.addEventListener('ready', () => {
      setState('live')
      if (missed) {
        refetch(client)
        // Who was taken out meanwhile may work somewhere else now.
        void client.invalidateQueries({ queryKey: meQuery.queryKey })
      }
      missed = true
    })
    source.addEventListener('sign-in', ({ data }: MessageEvent<string>) => {
      tell(data)
      refetchSoon()
    })
    // A refusal ends an EventSource for good: the session may be over, or the server going down.
    source.onerror = () => {
      setState('reconnecting')
      missed = true
      if (source?.readyState !== EventSource.CLOSED) return
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
      retry = setTimeout(start, RETRY_MS)
    }
  }

  start()
  document.addEventListener('visibilitychange', start)
  return () => {
    document.removeEventListener('visibilitychange', start)
    stop()
  }
}

function tell(data: string): void {
  const signIn: unknown = JSON.parse(data)
  for (const listener of listeners) listener(signIn)
}

function refetch(client: QueryClient): void {
  for (const queryKey of TOUCHED) void client.invalidateQueries({ queryKey })
}

/** Calls `listen` with every sign-in of the organization that changes, as `GET /api/sign-ins/{id}` gives it. */
export function useSignInNews<SignIn>(listen: (signIn: SignIn) => void): void {
  const onNews = useEffectEvent(listen)
  useEffect(() => {
    const listener = (signIn: unknown) => onNews(signIn as SignIn)
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
    }
  }, [])
}

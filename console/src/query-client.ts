import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiFailure, isFailure } from './api.ts'
import { setSessionState } from './session-state.ts'

declare module '@tanstack/react-query' {
  interface Register {
    defaultError: ApiFailure | Error
  }
}

/** Every failed call passes here, so that no screen has to know what a lost session looks like. */
export function noticeSession(error: Error): void {
  if (isFailure(error, 'not_a_member')) setSessionState('not-a-member')
  else if (error instanceof ApiFailure && error.status === 401 && error.code === 'unauthorized')
    setSessionState('signed-out')
}

/** Only what may pass by itself is asked for again. */
function isPassing(error: Error): boolean {
  return error instanceof ApiFailure && (error.status === 0 || error.status >= 502)
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSession }),
  mutationCache: new MutationCache({ onError: noticeSession }),
  defaultOptions: {
    queries: {
      // Offline, a call should fail and say so, not wait unseen.
      networkMode: 'always',
      staleTime: 10_000,
      retry: (failures, error) => failures < 2 && isPassing(error),
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

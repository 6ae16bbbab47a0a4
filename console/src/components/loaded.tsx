import { CloudOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { asFailure } from '../api.ts'
import { Button } from './button.tsx'
import { ErrorState } from './error-state.tsx'
import { SkeletonRows } from './skeleton.tsx'

interface LoadedProps<Data> {
  /** As `useQuery` and `useInfiniteQuery` give it. */
  query: { data: Data | undefined; error: Error | null; refetch: () => unknown }
  /** In the shape of what will come. */
  skeleton?: ReactNode
  children: (data: Data) => ReactNode
}

/** What a query brought, or why it did not. What was there before stays when a later call fails. */
export function Loaded<Data>({ query, skeleton = <SkeletonRows />, children }: LoadedProps<Data>) {
  const { data, error, refetch } = query
  const retry = () => void refetch()
  if (data === undefined) return error ? <ErrorState error={error} retry={retry} /> : skeleton
  return (
    <>
      {error && <OldNote error={error} retry={retry} />}
      {children(data)}
    </>
  )
}

function OldNote({ error, retry }: { error: Error; retry: () => void }) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 bg-warning-ground px-4 py-2.5 text-[0.8125rem] text-warning first:rounded-t-xl sm:px-5"
    >
      <CloudOff className="size-4 shrink-0" aria-hidden />
      <p className="min-w-0 flex-1">What you see may be old. {asFailure(error).message}</p>
      <Button variant="outline" size="sm" onClick={retry}>
        Try again
      </Button>
    </div>
  )
}

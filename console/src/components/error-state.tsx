import { CloudOff, RotateCw, TriangleAlert } from 'lucide-react'
import { asFailure } from '../api.ts'
import { Button } from './button.tsx'
import { cn } from './class-names.ts'
import { CopyText } from './copy-button.tsx'

interface ErrorStateProps {
  /** Of the query that failed. */
  error: unknown
  retry?: () => void
  className?: string
}

/** In the place of what could not be loaded. */
export function ErrorState({ error, retry, className }: ErrorStateProps) {
  const { status, code, message, requestId } = asFailure(error)
  const lost = code === 'connection_lost'
  const Icon = lost ? CloudOff : TriangleAlert
  return (
    <div role="alert" className={cn('grid justify-items-center gap-4 px-6 py-12 text-center', className)}>
      <span className="grid size-12 place-items-center rounded-2xl bg-destructive-ground text-destructive">
        <Icon className="size-6 stroke-[1.75]" aria-hidden />
      </span>
      <div className="grid max-w-md gap-1.5 text-balance">
        <h2 className="text-base font-semibold tracking-tight">{titleOf(status, lost)}</h2>
        <p className="text-muted-foreground">{message}</p>
        {requestId && (
          <p className="text-[0.8125rem] text-muted-foreground">
            Request id: <CopyText value={requestId} what="request id" />
          </p>
        )}
      </div>
      {retry && (
        <Button variant="outline" onClick={retry}>
          <RotateCw aria-hidden />
          Try again
        </Button>
      )}
    </div>
  )
}

function titleOf(status: number, lost: boolean): string {
  if (lost) return 'No connection'
  if (status === 404) return 'There is nothing here'
  if (status === 403) return 'You may not see this'
  return 'This could not be loaded'
}

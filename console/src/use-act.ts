import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import { ApiFailure, asFailure } from './api.ts'
import { toast } from './components/toast.tsx'
import { ReauthenticationRefused, useReauthentication } from './reauthentication.tsx'

interface Act<Input, Output> {
  act: (input: Input) => Promise<Output>
  /** First parts of the query keys that this makes stale: `['agents', 'overview']`. */
  changes?: readonly string[]
  /** What the toast says when it is done. */
  done?: string | ((output: Output, input: Input) => string)
  onDone?: (output: Output, input: Input) => void
  /** A form shows its failure itself, with `<Form failure={…}>`; anything else gets a toast. */
  inForm?: boolean
}

interface Acting<Input, Output> {
  /** Does it, unless it is being done already: a second click changes nothing. */
  run: (input: Input) => void
  pending: boolean
  failure: ApiFailure | undefined
  data: Output | undefined
  succeeded: boolean
  /** What it was last done with. */
  tried: Input | undefined
  reset: () => void
}

/** An answer that was lost may have been a yes; and where the server knows more than the screen, another tab was first. */
function isOldNews(error: unknown): boolean {
  return error instanceof ApiFailure && [0, 404, 409, 410].includes(error.status)
}

/** Something that changes the server's mind: asks for the password where needed, refetches what it changed, tells. */
export function useAct<Output, Input = void>(options: Act<Input, Output>): Acting<Input, Output> {
  const { act, changes = [], done, onDone, inForm = false } = options
  const client = useQueryClient()
  const reauthenticated = useReauthentication()
  const running = useRef(false)

  const refetch = () => {
    for (const part of changes) void client.invalidateQueries({ queryKey: [part] })
  }
  const mutation = useMutation({
    mutationFn: (input: Input) => reauthenticated(() => act(input)),
    onSuccess: (output, input) => {
      refetch()
      if (done !== undefined) toast.success(typeof done === 'string' ? done : done(output, input))
      onDone?.(output, input)
    },
    onError: (error) => {
      if (isOldNews(error)) refetch()
      if (!inForm && !(error instanceof ReauthenticationRefused)) toast.failure(error)
    },
    onSettled: () => {
      running.current = false
    },
  })

  return {
    run: (input) => {
      if (running.current) return
      running.current = true
      mutation.mutate(input)
    },
    pending: mutation.isPending,
    failure:
      mutation.error && !(mutation.error instanceof ReauthenticationRefused) ? asFailure(mutation.error) : undefined,
    data: mutation.data,
    succeeded: mutation.isSuccess,
    tried: mutation.variables,
    reset: mutation.reset,
  }
}

import { useQueryClient } from '@tanstack/react-query'
import { ApiFailure } from '../../api.ts'
import { type Decision, decideApproval } from '../../approvals.ts'
import { useAct } from '../../use-act.ts'

const CHANGES = ['approvals', 'sign-ins', 'tokens', 'overview'] as const

/** Too late: decided elsewhere, out of time, or gone. Then the screen is old, and asks again. */
const TOO_LATE = [404, 409, 410]

/** Says yes or no to one sign-in, after the password or a passkey where the server wants it. */
export function useDecision(requestId: string) {
  const client = useQueryClient()
  const act = (decision: Decision) =>
    decideApproval(requestId, decision).catch((error: unknown) => {
      if (error instanceof ApiFailure && TOO_LATE.includes(error.status))
        for (const part of CHANGES) void client.invalidateQueries({ queryKey: [part] })
      throw error
    })
  return useAct({ act, changes: CHANGES, inForm: true })
}

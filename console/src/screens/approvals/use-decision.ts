import { type Decision, decideApproval } from '../../approvals.ts'
import { useAct } from '../../use-act.ts'

/** Says yes or no to one sign-in, after the password or a passkey where the server wants it. */
export function useDecision(requestId: string) {
  return useAct({
    act: (decision: Decision) => decideApproval(requestId, decision),
    changes: ['approvals', 'sign-ins', 'tokens', 'overview'],
    inForm: true,
  })
}

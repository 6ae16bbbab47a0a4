import { signOut } from '../account.ts'
import { useAct } from '../use-act.ts'

/** Leaves by a full load, so that nothing of this session stays in memory. */
export function useSignOut() {
  return useAct({ act: signOut, onDone: () => location.assign('/console/signed-out') })
}

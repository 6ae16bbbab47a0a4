import type { Principal } from '../../context.ts'
import type { ConnectionUser } from '../../storage/connections.ts'

/** A caller, as queries for its connections know it. */
export function connectionUser({ kind, id, orgId }: Principal): ConnectionUser {
  return { orgId, agentId: kind === 'agent' ? id : undefined }
}

import type { Connection } from '../../connections.ts'
import { useMe, usePermissions } from '../../me.ts'
import { useConsent } from './use-consent.ts'

/** Asks once more for what was asked for before, under the same id: grants and programs that know it go on. */
export function useReconnect({ connection_id, provider_name, scopes }: Connection) {
  const consent = useConsent()
  const request = { provider_name, connection_id, ...(scopes.length > 0 && { scopes }) }
  return { leaving: consent.leaving, run: () => consent.run(request) }
}

/** Only whose account it is can say yes to it; for people of others, whoever asked has to ask again. */
export function useMayReconnect(): (connection: Connection) => boolean {
  const { user } = useMe()
  const { canWrite } = usePermissions()
  return ({ status, user_id }) => canWrite && status !== 'active' && user_id === user.id
}

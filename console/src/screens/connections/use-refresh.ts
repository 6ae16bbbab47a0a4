import { useQuery } from '@tanstack/react-query'
import { ApiFailure, isFailure } from '../../api.ts'
import { relativeTime } from '../../components/relative-time.tsx'
import { type Connection, refreshConnection } from '../../connections.ts'
import { usePermissions } from '../../me.ts'
import { providersQuery } from '../../providers.ts'
import { useAct } from '../../use-act.ts'

/** A key is used as it is; of consents, the provider says it when it is asked. */
export function useMayRefresh({ status, provider_name }: Connection): boolean {
  const { canWrite } = usePermissions()
  const { data: providers = [] } = useQuery(providersQuery)
  const provider = providers.find(({ name }) => name === provider_name)
  return canWrite && status === 'active' && provider?.kind === 'oauth2'
}

/** Has its token renewed at once; by itself that happens shortly before it ends. */
export function useRefresh({ connection_id, provider_label }: Connection) {
  return useAct({
    act: () => refreshConnection(connection_id).catch((error: unknown) => throwPlainly(error, provider_label)),
    changes: ['connections'],
    done: ({ expires_at }) =>
      expires_at === null
        ? `The token of ${provider_label} is new`
        : `The token of ${provider_label} is new and ends ${relativeTime(expires_at, Date.now())}`,
  })
}

/** In the words of who looks at this; the server's are for whoever calls it. */
function throwPlainly(error: unknown, provider: string): never {
  const sentence = Object.entries(SENTENCES).find(([code]) => isFailure(error, code))?.[1]
  if (!(error instanceof ApiFailure) || sentence === undefined) throw error
  throw new ApiFailure(error.status, error.code, sentence(provider), { requestId: error.requestId, cause: error })
}

const SENTENCES: Record<string, (provider: string) => string> = {
  not_refreshable: (provider) => `${provider} gave nothing to renew this with: it is used as it is, until it ends.`,
  reauth_required: (provider) => `${provider} accepts the old consent no longer. Reconnect the account.`,
  connection_pending: (provider) => `Nobody has said yes at ${provider} yet, so there is no token to renew.`,
  provider_misconfigured: (provider) =>
    `${provider} refuses our client. Whoever runs this server has to mend its set-up; you need not do anything.`,
  provider_unavailable: (provider) => `${provider} does not answer now. Nothing was changed; try again in a moment.`,
}

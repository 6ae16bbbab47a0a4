import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '../../api.ts'
import type { SignIn } from '../../sign-ins.ts'

/**
 * Which agent of ours a policy refused. An agent becomes part of a sign-in when it is let in, so of a try that was
 * refused only the audit log tells; null where it was not ours, or not known who it was.
 */
export const refusedAgentQuery = ({ request_id, client_id, failure }: SignIn) => {
  const at = failure === null ? 0 : Date.parse(failure.at)
  return queryOptions({
    queryKey: ['audit', 'refused', request_id, at],
    queryFn: async ({ signal }) => {
      const query = { action: 'agent.refused', client_id, since: timeOf(at), until: timeOf(at + 1) }
      const { data } = await answer(api.api['audit-log'].$get({ query }, { init: { signal } }))
      return data.find((event) => event.request_id === request_id)?.agent_id ?? null
    },
    enabled: failure !== null,
    staleTime: Number.POSITIVE_INFINITY,
  })
}

const timeOf = (at: number) => new Date(at).toISOString()

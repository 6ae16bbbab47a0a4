import type { Context } from 'hono'
import type { Deps, Env } from '../context.ts'
import { ApiError } from '../http/errors.ts'
import { parseForm, refuseQuery } from '../http/form.ts'
import { json } from '../http/respond.ts'
import { authenticateClient, type Caller } from './client-auth.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import type { Grant } from './grants/grant.ts'
import { refreshToken } from './grants/refresh-token.ts'

export const GRANTS: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
  ['client_credentials', clientCredentials],
])

/** Token endpoint. RFC 6749 §3.2. */
export async function token(deps: Deps, c: Context<Env>): Promise<Response> {
  refuseQuery(c)
  const form = await parseForm(c)
  const grantType = form.required('grant_type')
  const grant = GRANTS.get(grantType)
  if (!grant) throw new ApiError('unsupported_grant_type', 'This server does not offer that grant')

  const caller = await authenticateClient(deps, c, form)
  if (!mayUse(caller, grantType))
    throw new ApiError('unauthorized_client', 'The client is not registered for that grant')

  const answer = await grant(deps, caller, form, deps.now())
  deps.metrics.tokens.inc({ grant: grantType })
  return json(c, answer)
}

/** An agent gets tokens for itself; what a website may do, it registered. */
function mayUse(caller: Caller, grantType: string): boolean {
  if (caller.kind === 'agent') return grantType === 'client_credentials'
  return JSON.parse(caller.client.grant_types).includes(grantType)
}

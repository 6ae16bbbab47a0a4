import { z } from 'zod'
import { requireMember } from '../accounts/roles.ts'
import type { Deps, PersonPrincipal } from '../context.ts'
import { newId } from '../crypto/ids.ts'
import { ApiError } from '../http/errors.ts'
import { type ConnectionRow, insertConnection, newConnection } from '../storage/connections.ts'
import { organizationTopic } from '../storage/topics.ts'
import { checkParameters } from './parameters.ts'
import { findOfferedProvider } from './provider-registry.ts'
import { sealTokens } from './vault.ts'

/** `POST /api/connections/api-key`: a credential that does not end and is never refreshed. */
export const NewApiKeyConnection = z.object({
  provider_name: z.string().trim().min(1).max(64),
  api_key: z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(8192)
    .regex(/^[\x21-\x7e]+$/, 'must be ASCII without spaces'),
  account: z.string().trim().min(1).max(254).optional(),
  parameters: z.record(z.string().max(64), z.string().max(200)).default({}),
})

/** Keeps a person's API key of a provider as a connection of theirs. */
export async function connectApiKey(
  deps: Deps,
  { provider_name, api_key, account, parameters }: z.output<typeof NewApiKeyConnection>,
  person: PersonPrincipal,
): Promise<ConnectionRow> {
  requireMember(person)
  const found = await findOfferedProvider(deps, provider_name)
  if (found?.provider.kind !== 'api_key') {
    const sentence = found ? 'asks for consent rather than for a key' : 'is no provider that is known here'
    throw new ApiError('validation_failed', `provider_name: ${sentence}`, { fields: { provider_name: sentence } })
  }
  const asked = found.provider.parameters ?? []
  checkParameters(asked, parameters)
  const now = deps.now()
  const record = { connection_id: newId(deps.random, 'conn'), org_id: person.orgId, generation: 1 }
  const row = newConnection(
    {
      ...record,
      user_ref: person.id,
      provider_name: found.provider.name,
      made_by: person.id,
      status: 'active',
      scopes: '[]',
      account_label: account ?? null,
      parameters: JSON.stringify(Object.fromEntries(asked.map(({ name }) => [name, parameters[name]]))),
      tokens_sealed: sealTokens(deps, record, { access_token: api_key, token_type: 'api_key' }),
    },
    now,
  )
  await deps.db.write(async (work) => {
    await insertConnection(work.trx, row)
    work.record({
      at: now,
      org_id: person.orgId,
      actor: person.id,
      action: 'connection.activated',
      target: row.connection_id,
      detail: { provider: row.provider_name },
    })
    work.notify(organizationTopic(person.orgId))
  })
  return row
}
